import type { ServerResponse } from 'node:http';
import { isSameEvent, type StateEvent } from './state-event.ts';

/** One consumer of server-sent events (HTML standard, section 9.2). */
export interface EventStream {
  /** Tells the consumer, unless it knows already. While it is slow, only the newest event waits for it. */
  offer(event: StateEvent): void;
  /** A comment, so that both sides notice a dead connection; cuts a consumer that has taken nothing since two beats. */
  beat(): void;
  end(): void;
}

export const EVENT_STREAM_TYPE = 'text/event-stream';

const HEADERS = {
  'Content-Type': EVENT_STREAM_TYPE,
  'Cache-Control': 'no-store',
  // The stream ends with the agent, and the connection with it.
  Connection: 'close',
};

/** How soon a consumer is asked to come back after the stream broke, in milliseconds. */
const RETRY_MS = 1_000;

/** @param known what the consumer has seen on an earlier connection, if it said so */
export function createEventStream(response: ServerResponse, known: StateEvent | undefined): EventStream {
  let told = known;
  let waiting: StateEvent | undefined;
  /** Something was written that the connection has not taken yet. */
  let isWriting = false;
  let beatsMissed = 0;
  response.writeHead(200, HEADERS);
  write(`retry: ${RETRY_MS}\n\n`);

  return {
    offer(event) {
      if (told !== undefined && isSameEvent(told, event)) waiting = undefined;
      else if (isWriting) waiting = event;
      else tell(event);
    },
    beat() {
      if (!isWriting) write(':\n\n');
      else if (beatsMissed > 0) response.destroy();
      else beatsMissed += 1;
    },
    end() {
      if (isWriting) response.destroy();
      else response.end();
    },
  };

  function tell(event: StateEvent): void {
    told = event;
    waiting = undefined;
    write(`id: ${event.generation}\nevent: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  function write(text: string): void {
    if (response.writableEnded || response.destroyed) return;
    isWriting = true;
    response.write(text, (error) => {
      isWriting = false;
      beatsMissed = 0;
      if (waiting !== undefined && error == null) tell(waiting);
    });
  }
}
