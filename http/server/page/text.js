// The words of the chat, in Chinese and English; other parts add theirs when they are loaded.

import { setting } from './keep.js';

export const languages = ['zh', 'en'];

export const texts = {
  newChat: ['新对话', 'New chat'],
  conversations: ['对话', 'Conversations'],
  service: ['服务状态', 'Service'],
  settings: ['设置', 'Settings'],
  menu: ['菜单', 'Menu'],
  search: ['搜索对话', 'Search conversations'],
  skip: ['跳到输入框', 'Skip to the message box'],
  message: ['消息', 'Message'],
  messages: ['消息列表', 'Messages'],
  placeholder: ['输入消息…', 'Write a message…'],
  send: ['发送', 'Send'],
  stop: ['停止', 'Stop'],
  you: ['你', 'You'],
  assistant: ['助手', 'Assistant'],
  system: ['系统提示', 'System prompt'],
  tool: ['工具结果', 'Tool result'],
  model: ['模型', 'Model'],
  defaultModel: ['默认模型', 'Default model'],
  tune: ['提示与参数', 'Prompt and parameters'],
  attach: ['添加图片', 'Add pictures'],
  removePicture: ['移除图片', 'Remove the picture'],
  picture: ['图片', 'Picture'],
  copy: ['复制', 'Copy'],
  copied: ['已复制', 'Copied'],
  copyFailed: ['复制失败', 'Not copied'],
  edit: ['编辑', 'Edit'],
  regenerate: ['重新回答', 'Answer again'],
  retry: ['重试', 'Try again'],
  cancel: ['取消', 'Cancel'],
  close: ['关闭', 'Close'],
  earlierVersion: ['上一版本', 'Previous version'],
  laterVersion: ['下一版本', 'Next version'],
  unknownHistory: ['不知道之前的内容，无法从这里分支', 'The earlier messages are not known here, so nothing can branch off'],
  reasoning: ['思考过程', 'Reasoning'],
  call: ['调用 {0}', 'Call of {0}'],
  task: ['任务', 'Task'],
  toEnd: ['回到底部', 'To the end'],
  waiting: ['等待回答…', 'Waiting for the answer…'],
  waitingLong: ['仍在等待（{0} 秒）…', 'Still waiting ({0} s)…'],
  connectionsBusy: ['如果开了很多标签页，请求可能在浏览器里排队', 'With many tabs open, the browser may be holding the request back'],
  reconnecting: ['连接中断，正在重新连接…', 'The connection broke; connecting again…'],
  answering: ['正在回答', 'Answering'],
  answerDone: ['回答完成', 'Answer complete'],
  stopped: ['已停止。以上内容已保留在对话中。', 'Stopped. What is above stays in the conversation.'],
  cutByLength: ['回答达到长度上限', 'The answer reached its length limit'],
  filtered: ['内容被过滤', 'The content was filtered'],
  firstToken: ['首字 {0} 秒', 'first text after {0} s'],
  speed: ['{0} 段/秒', '{0} pieces/s'],
  pieces: ['{0} 段', '{0} pieces'],
  tokens: ['{0} 个 token', '{0} tokens'],
  fellBack: ['由 {0} 代答', 'Answered by {0} instead'],
  errorAt: ['代码 {0}，请求 {1}', 'Code {0}, request {1}'],
  retryIn: ['{0} 秒后可重试', 'Possible again in {0} s'],
  network: ['无法连接到服务器', 'The server cannot be reached'],
  lost: ['服务器不再有这个回答', 'The server does not have this answer any more'],
  answeredElsewhere: ['另一个客户端正在这个对话里等待回答，完成后会显示在这里', 'Another client waits for an answer in this conversation; it will show here once it is complete'],
  enterKey: ['输入 API Key', 'Enter an API key'],
  noSessions: ['还没有对话', 'No conversations yet'],
  noMatch: ['没有符合的对话', 'No conversation matches'],
  more: ['显示更多', 'Show more'],
  turns: ['{0} 轮', 'turns: {0}'],
  state_answering: ['回答中', 'answering'],
  loadingHistory: ['正在读取之前的消息…', 'Reading the earlier messages…'],
  earlierMissing: ['这个对话之前的消息无法显示：服务器不提供。可以继续对话。', 'The earlier messages of this conversation cannot be shown: the server does not give them out. You can go on with it.'],
  textsDropped: ['服务器只保存摘要（--store-text digest），没有消息原文。', 'The server keeps digests only (--store-text digest), so there are no texts of messages.'],
  noConversation: ['没有这个对话，发送消息会以此名开始', 'There is no such conversation; a message begins one of that name'],
  forgotten: ['服务器已忘记这个对话，已重新告知全部内容', 'The server had forgotten this conversation and was told all of it again'],
  remove: ['删除', 'Delete'],
  removeMany: ['删除多个…', 'Delete several…'],
  rename: ['重命名…', 'Rename…'],
  exportMarkdown: ['导出为 Markdown', 'Export as Markdown'],
  exportJson: ['导出为 JSON', 'Export as JSON'],
  exportAll: ['全部导出为 JSON', 'Export all as JSON'],
  import: ['从 JSON 导入…', 'Import JSON…'],
  searchTexts: ['也搜索消息内容', 'Search what was said, too'],
  begin: ['想聊些什么？', 'What is on your mind?'],
  beginHint: ['对话保存在 nekod 里，重新加载或换一台设备都在。', 'Conversations are kept in nekod: they are there after a reload, and on another device.'],
};

export function language() {
  const chosen = setting('language') || (navigator.languages ?? [navigator.language]).find((each) => /^(zh|en)\b/i.test(each)) || 'en';
  return /^zh/i.test(chosen) ? 'zh' : 'en';
}

/// The text of that name, with its places filled.
export function t(name, ...values) {
  const text = texts[name][language() === 'zh' ? 0 : 1];
  return text.replace(/\{(\d)\}/g, (_, i) => values[i]);
}

export const has = (name) => name in texts;

export const locale = () => (language() === 'zh' ? 'zh-CN' : 'en');

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);

/// A time that nekod's list of sessions gives: UTC without a zone.
export const timeOf = (text) => new Date(`${text}Z`);

export function ago(date) {
  const seconds = (date - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto', style: 'short' });
  for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]])
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  return format.format(Math.round(Math.min(0, seconds)), 'second');
}

export const dateTime = (date) => new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(date);
