/** Globals of Node that the host uses, for the worker. */

/** Lets messages in before it goes on, without the delay of a timer. */
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

export function setImmediate(work: () => void): void {
  waiting.push(work);
  channel.port2.postMessage(null);
}

/** Package paths start here. */
export const process = { cwd: (): string => '/' };
