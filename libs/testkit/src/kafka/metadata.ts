import { once } from 'node:events';
import { connect } from 'node:net';

const METADATA = 3;
const VERSION = 1;
const TIMEOUT_MS = 5_000;

/**
 * Ids of the brokers that the one at `port` of 127.0.0.1 believes to be up, in order: a Metadata request, version 1, without
 * topics (https://kafka.apache.org/protocol#The_Messages_Metadata). Undefined where nothing answers.
 */
export async function liveBrokers(port: number): Promise<number[] | undefined> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('timed out')));
  try {
    await once(socket, 'connect');
    socket.write(request());
    let answer = Buffer.alloc(0);
    for await (const chunk of socket) {
      answer = Buffer.concat([answer, chunk as Buffer]);
      if (answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)) return brokerIds(answer);
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

function request(): Buffer {
  const body = Buffer.alloc(18);
  body.writeInt32BE(14, 0); // bytes that follow
  body.writeInt16BE(METADATA, 4);
  body.writeInt16BE(VERSION, 6);
  body.writeInt32BE(1, 8); // correlation id
  body.writeInt16BE(-1, 12); // no client id
  body.writeInt32BE(0, 14); // no topics
  return body;
}

/** Size and correlation id, then an array of (id int32, host string, port int32, rack nullable string). */
function brokerIds(answer: Buffer): number[] {
  const ids: number[] = [];
  let at = 12;
  for (let left = answer.readInt32BE(8); left > 0; left--) {
    ids.push(answer.readInt32BE(at));
    at += 4;
    at += 2 + answer.readInt16BE(at) + 4;
    at += 2 + Math.max(0, answer.readInt16BE(at));
  }
  return ids.sort((a, b) => a - b);
}
