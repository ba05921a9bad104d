// The words of pictures, titles, exports, imports, deletion and search, in Chinese and English; the chat does not load them.

import { texts } from './text.js';

Object.assign(texts, {
  renameTitle: ['对话标题', 'Title of the conversation'],
  renameHint: ['留空则用对话开头的文字', 'Empty: the first words of the conversation'],
  tooLarge: ['图片超过 {0} MB，未添加', 'The picture is larger than {0} MB and was not added'],
  tooMany: ['一条消息最多 {0} 张图片', 'At most {0} pictures in a message'],
  notPicture: ['只能添加图片', 'Only pictures can be added'],
  removeOne: ['删除这个对话？', 'Delete this conversation?'],
  removeBranches: ['它的 {0} 个版本都会删除。', 'All of its {0} versions will be deleted.'],
  removeManyTitle: ['删除哪些对话？', 'Which conversations are to be deleted?'],
  removeAll: ['全部', 'All'],
  unusedDay: ['1 天未使用的', 'Not used for a day'],
  unusedFor: ['{0} 天未使用的', 'Not used for {0} days'],
  removed: ['已删除 {0} 个对话', 'Conversations deleted: {0}'],
  exporting: ['正在导出 {0}/{1}', 'Exporting {0} of {1}'],
  importing: ['正在导入 {0}/{1}', 'Importing {0} of {1}'],
  imported: ['已导入 {0} 个对话。', 'Conversations imported: {0}.'],
  importFailed: ['{0} 无法导入：{1}', '{0} cannot be imported: {1}'],
  searching: ['正在搜索，已读 {0}/{1}', 'Searching: {0} of {1} read'],
  found: ['消息内容中有 {0} 个对话符合', 'Conversations with these words: {0}'],
});
