// The words of the API keys' list, in Chinese and English; the chat does not load them.

import { texts } from './text.js';

Object.assign(texts, {
  keysTitle: ['API 密钥', 'API keys'],
  newKey: ['新建密钥', 'New key'],
  keysReadOnly: ['nekod 不能写密钥文件。在服务器上运行：', 'nekod cannot write the file of keys. Run on its machine:'],
  rights: ['权限', 'Rights'],
  created: ['创建于', 'Created'],
  lastUsed: ['上次使用', 'Last used'],
  left: ['剩余限额', 'Left of its limits'],
  actions: ['操作', 'Actions'],
  thisKey: ['正在使用', 'in use here'],
  change: ['更改', 'Change'],
  replace: ['更换', 'Replace'],
  revoke: ['撤销', 'Revoke'],
  tenantHint: ['同名的密钥属于同一租户：A-Z a-z 0-9 _ . -', 'Keys of one name belong to one tenant: A-Z a-z 0-9 _ . -'],
  adminHint: ['管理员：可查看并删除所有会话，可管理密钥', 'Admin: may see and delete all sessions, and manage keys'],
  limitRequests: ['请求限额', 'Limit on requests'],
  limitChats: ['对话限额', 'Limit on chats'],
  limitHint: ['留空则用通用限额', 'Empty: the general limit'],
  keyOf: ['{0} 的新密钥', 'The new key of {0}'],
  keyOnce: ['现在复制它：以后无法再查看。', 'Copy it now: nobody can see it again.'],
  iKeptIt: ['已保存', 'I kept it'],
  replaceDetail: ['为 {0} 新建第二个密钥。旧密钥在您撤销之前仍有效。', 'This creates a second key of {0}. The old one works until you revoke it.'],
  revokeOld: ['现在撤销 {0} 的旧密钥？', 'Revoke the old key of {0} now?'],
  revokeDetail: ['{0} 会立即失效。', '{0} stops working at once.'],
  areYouSure: ['确定吗？', 'Are you sure?'],
  goOn: ['继续', 'Go on'],
});
