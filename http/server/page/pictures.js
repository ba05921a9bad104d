// Pictures for a message, loaded when some are added.

import './files_text.js';
import { t } from './text.js';

const mostPictures = 8;
const mostMegabytes = 5;

const dataUrl = (file) =>
  new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = failed;
    reader.readAsDataURL(file);
  });

/// Adds *files* to *images*, and says why one cannot be added.
export async function addPictures(images, files, say) {
  for (const file of files) {
    if (!file.type.startsWith('image/')) say(t('notPicture'));
    else if (images.length >= mostPictures) say(t('tooMany', mostPictures));
    else if (file.size > mostMegabytes * 2 ** 20) say(t('tooLarge', mostMegabytes));
    else images.push(await dataUrl(file));
  }
}
