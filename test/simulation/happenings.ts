import type { HistoryEvent, Tampering, Wait } from './history.ts';
import { isHarmless } from './imds-fault.ts';
import { LONGEST_CHECK_MS, LONGEST_INTERVAL_MS, LONGEST_SLICE_MS, WELL_CHECK_MS } from './judge/scene.ts';
import { STATE_FILE } from './surfaces.ts';
import type { World } from './world.ts';

/** An event that waits for a request, and none is made, happens after this. */
const LONGEST_WAIT_FOR_REQUEST_MS = 90_000;

/** Lets a history happen to a world, one event after the other. */
export function playHistory(world: World, random: () => number): void {
  const { time, agenda, history } = world;
  planNext(0);

  function planNext(index: number): void {
    const happening = history.happenings[index];
    if (happening === undefined) return;
    agenda.plan(timeOf(world, happening.wait), () => {
      const request = happening.wait.request;
      if (request === undefined) happen();
      else atRequest(world, request, happen);
    });

    function happen(): void {
      world.trace(JSON.stringify(happening?.event));
      if (happening !== undefined) play(world, happening.event);
      world.changed();
      world.freshness.disturbed(0);
      // Readers come at once, soon, and when all should be well again.
      for (const ms of [0, random() * 3_000, random() * 90_000]) world.readIn(ms);
      planNext(index + 1);
    }
  }

  function timeOf({ imds, ledger }: World, { ms, from }: Wait): number {
    const now = time.elapsed;
    const rotation = imds.nextRotation();
    if (from === 'rotation' && Number.isFinite(rotation)) return Math.max(now, rotation + ms);
    if (from === 'expiration' && ledger.latest !== undefined) {
      return Math.max(now, now + ledger.latest.set.expiration - time.wall() + ms);
    }
    return now + Math.abs(ms);
  }
}

function atRequest(world: World, request: number, happen: () => void): void {
  let left = request;
  const callOff = world.agenda.plan(world.time.elapsed + LONGEST_WAIT_FOR_REQUEST_MS, now);
  world.onRequest = () => {
    left -= 1;
    if (left > 0) return;
    callOff();
    world.onRequest = undefined;
    // Not inside the agent's own turn: a killed process does not finish its turn, but a signal waits for it.
    world.agenda.plan(world.time.elapsed, happen);
  };

  function now(): void {
    world.onRequest = undefined;
    happen();
  }
}

function play(world: World, event: HistoryEvent): void {
  const { time, imds, files, agenda, freshness, surfaces } = world;
  switch (event.kind) {
    case 'fault':
      imds.begin(event.fault);
      agenda.plan(time.elapsed + event.lastsMs, () => {
        const { fault } = event;
        imds.end(fault);
        world.changed();
        if (!isHarmless(fault)) freshness.faultEnded(fault, world.doing());
        for (const ms of [0, freshness.dueAt() - time.awake + 1]) world.readIn(Math.max(0, ms));
      });
      break;
    case 'attach':
      imds.attach(event.role);
      freshness.attached(world.doing());
      break;
    case 'detach': {
      imds.detach(event.how);
      freshness.detached(world.doing());
      agenda.plan(time.elapsed + event.lastsMs, () => {
        if (imds.roleName !== undefined) return;
        imds.attach(event.next);
        world.changed();
        freshness.attached(world.doing());
        world.readIn(0);
        world.readIn(15_000);
      });
      break;
    }
    case 'forget-tokens':
      imds.forgetTokens();
      break;
    case 'step-clock':
      stepClock(world, event.ms);
      if (event.lastsMs !== null) {
        agenda.plan(time.elapsed + event.lastsMs, () => {
          stepClock(world, -event.ms);
          world.changed();
          for (const ms of [0, LONGEST_SLICE_MS + WELL_CHECK_MS]) world.readIn(ms);
        });
      }
      break;
    case 'suspend':
      time.suspend(event.lastsMs);
      clockJumped(world);
      break;
    case 'crash':
      if (world.run === undefined) break;
      world.kill();
      world.startIn(event.downMs);
      break;
    case 'crash-in-write':
      files.dieInWrite(event.write, () => {
        world.changed();
        world.kill();
        world.ledger.runEnded(true);
        world.startIn(event.downMs);
        world.readIn(0);
      });
      break;
    case 'stop':
      if (world.run === undefined) break;
      world.stop();
      world.startIn(event.downMs);
      break;
    case 'reboot':
      world.kill();
      files.clear();
      time.reboot();
      surfaces.rebooted();
      world.ledger.seen = 0;
      world.startIn(event.downMs);
      break;
    case 'disk':
      files.state = event.state;
      agenda.plan(time.elapsed + event.lastsMs, () => {
        if (files.state !== event.state) return;
        files.state = 'well';
        world.changed();
        surfaces.diskWell(LONGEST_CHECK_MS + LONGEST_INTERVAL_MS);
      });
      break;
    case 'tamper':
      files.tamper(STATE_FILE, tampered(event.how, files.all.get(STATE_FILE)?.content ?? ''));
      break;
    case 'check-now':
      world.run?.core.refresher.checkNow();
      break;
  }
}

function stepClock(world: World, ms: number): void {
  world.time.stepWall(ms);
  clockJumped(world);
}

/** The agent has its longest slice to notice, after the check that is under way, and then checks. */
function clockJumped(world: World): void {
  const underWay = world.doing().isChecking ? LONGEST_CHECK_MS : 0;
  world.surfaces.clockStepped();
  world.freshness.disturbed(underWay + LONGEST_SLICE_MS + WELL_CHECK_MS);
}

function tampered(how: Tampering, content: string): string | undefined {
  switch (how) {
    case 'truncated':
      return content.slice(0, content.length / 2);
    case 'garbage':
      return '\u0000\u0001 no state';
    case 'future-version':
      return content.replace(/"version":\d+/, '"version":9');
    case 'empty':
      return '';
    case 'other-owner':
      return undefined;
  }
}
