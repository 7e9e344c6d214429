/**
 * The machine's clocks and timers, in the hand of the simulation. Nothing here is real time: an hour passes when
 * somebody says so.
 */

export interface VirtualTimer {
  /** By `awake`. */
  due: number;
  readonly action: () => void;
  /** Timers of one process share an owner, and die with it. */
  readonly owner: object;
  cancelled: boolean;
}

/** What the wall clock says when the simulation begins. */
export const BEGINNING = Date.parse('2026-11-23T08:00:00.000Z');

export class VirtualTime {
  /** Milliseconds since the beginning, as the universe (and AWS) counts them. Never goes back. */
  elapsed = 0;
  /** Milliseconds of it that the machine was not suspended: what CLOCK_MONOTONIC counts, and timers live by. */
  awake = 0;
  /** `elapsed` when the machine was booted last. */
  bootedAt = 0;
  bootNumber = 1;
  /** How far the wall clock is ahead of AWS's time, in ms. */
  wallOffset = 0;
  /** Each time that the wall clock was stepped back: when, in elapsed ms, and what it had shown. */
  readonly steppedBack: { readonly at: number; readonly wall: number }[] = [];
  #date = { second: 0, text: '' };
  /** The earliest last, so that taking it is cheap; there are a handful at most. */
  readonly #timers: VirtualTimer[] = [];

  /** AWS's own clock, in epoch ms: what expirations mean. */
  awsNow(): number {
    return BEGINNING + this.elapsed;
  }

  /** What AWS's clock says, as a `Date` header. */
  httpDate(): string {
    const second = Math.floor(this.awsNow() / 1000);
    if (this.#date.second !== second) {
      this.#date = { second, text: new Date(second * 1000).toUTCString() };
    }
    return this.#date.text;
  }

  /** The machine's wall clock. Whole milliseconds, as `Date.now()` has them. */
  wall(): number {
    return Math.floor(BEGINNING + this.elapsed + this.wallOffset);
  }

  /** CLOCK_BOOTTIME in ms: suspend included. A machine has run for a while before its agent is started. */
  uptime(): number {
    return this.elapsed - this.bootedAt + BOOT_MS;
  }

  bootId(): string {
    return `b0070000-0000-4000-8000-${String(this.bootNumber).padStart(12, '0')}`;
  }

  setTimer(owner: object, delayMs: number, action: () => void): () => void {
    const timer: VirtualTimer = { due: this.awake + Math.max(0, delayMs), action, owner, cancelled: false };
    const timers = this.#timers;
    let at = timers.length;
    // Timers of one instant run in the order in which they were set.
    while (at > 0 && (timers[at - 1] as VirtualTimer).due <= timer.due) at--;
    timers.splice(at, 0, timer);
    return () => {
      if (timer.cancelled) return;
      timer.cancelled = true;
      const index = timers.indexOf(timer);
      if (index !== -1) timers.splice(index, 1);
    };
  }

  nextTimer(): VirtualTimer | undefined {
    return this.#timers.at(-1);
  }

  /** Takes the next timer off the list and runs it, at its time or now if that has passed. */
  runNextTimer(): void {
    const timer = this.#timers.pop();
    if (timer === undefined) return;
    timer.cancelled = true;
    if (timer.due > this.awake) {
      this.elapsed += timer.due - this.awake;
      this.awake = timer.due; // not a sum: rounding must not leave a sliver of the wait over
    }
    timer.action();
  }

  timersOf(owner: object): number {
    let count = 0;
    for (const timer of this.#timers) if (timer.owner === owner) count++;
    return count;
  }

  dropTimersOf(owner: object): void {
    for (let at = this.#timers.length - 1; at >= 0; at--) {
      const timer = this.#timers[at] as VirtualTimer;
      if (timer.owner !== owner) continue;
      timer.cancelled = true;
      this.#timers.splice(at, 1);
    }
  }

  /** Lets time pass with the machine awake. */
  pass(ms: number): void {
    this.elapsed += ms;
    this.awake += ms;
  }

  /** Lets time pass with the machine asleep: wall clock and boot time go on, awake time and the timers stand still. */
  suspend(ms: number): void {
    this.elapsed += ms;
  }

  /** The honest part of skipping: every clock and every pending timer moves on together, so none is lost or late. */
  skip(ms: number): void {
    this.pass(ms);
    for (const timer of this.#timers) timer.due += ms;
  }

  stepWall(ms: number): void {
    if (ms < 0) this.steppedBack.push({ at: this.elapsed, wall: this.wall() });
    this.wallOffset += ms;
  }

  reboot(): void {
    this.bootedAt = this.elapsed;
    this.bootNumber += 1;
  }
}

const BOOT_MS = 8_000;
