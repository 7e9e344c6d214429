/** Everything that can happen next. Each step is one thing; all else stands still meanwhile. */
import type { CheckOutcome } from '../../src/domain/errors.ts';
import type { StaticStability } from '../../src/domain/life-state.ts';
import type { Answer, CheckSource } from './check-source.ts';
import type { Code } from './code.ts';
import { NO_CONNECTION, possibleAnswers, trueAnswer } from './imds.ts';
import { Violation } from './judge.ts';
import { checkCutShort, checkEnded, died, started } from './ledger.ts';
import { type AgentProcess, type Input, LiveAgent } from './process.ts';
import type { Scope } from './scope.ts';
import { surroundings } from './surroundings.ts';
import type { World } from './world.ts';

/** What the search runs: code, and the setting that changes what is right. */
export interface Model {
  readonly code: Code;
  readonly stability: StaticStability;
  readonly source: CheckSource;
  readonly scope: Scope;
}

export interface Step {
  readonly text: string;
  readonly world: World;
  /** The process after the step, to be read before the next step is taken; undefined where there is none. */
  readonly live: LiveAgent | undefined;
}

/** A start that finds no stored state is this late: below, why. */
const COLD_START_MS = 10_000;

export async function* successors(world: World, model: Model): AsyncGenerator<Step> {
  const { process } = world;
  if (process === undefined) {
    yield* starts(world, model);
    for (const { text, world: after } of surroundings(world, model.scope))
      yield { text, world: after, live: undefined };
    return;
  }
  const live = new LiveAgent(model, process);
  if (!isSameDirectory(live, world)) throw new Error('The process came out otherwise when it was made again');
  for (const { text, world: after } of surroundings(world, model.scope, live)) {
    live.moveTo(after.instant, after.disk);
    yield { text, world: after, live };
  }
  yield { text: 'the agent is killed', world: killed(world), live: undefined };
  yield stopped(world, process, model);
  if (model.scope.requests) yield* checkGoesOn(world, process, live, model);
  else yield* checkFails(world, process, model);
  if (world.check === undefined) yield* wholeCheck(world, process, model);
  yield* observation(world, process, model);
}

/**
 * In life the generation begins at the seconds since boot, and no two changes are in one second. Steps of the model
 * take no time, so a start that finds no stored generation is given the seconds that the changes before it would have
 * taken.
 */
function* starts(world: World, model: Model): Generator<Step> {
  const { instant, directory } = world;
  const late = directory.stored === undefined && world.ledger.seen.generation > 0 ? COLD_START_MS : 0;
  const at = { ...instant, now: instant.now + late };
  const process = { born: { instant: at, disk: world.disk, directory }, inputs: [] };
  const live = new LiveAgent(model, process);
  yield {
    text: 'the agent starts',
    world: {
      ...world,
      instant: at,
      directory: live.machine.directory(),
      process,
      ledger: started(world.ledger, directory, at),
    },
    live,
  };
  for (let nth = 1; model.scope.files && nth <= live.machine.operations; nth++) {
    const cut = new LiveAgent(model, process, nth);
    yield {
      text: `the agent starts and is killed in file operation ${nth}`,
      world: { ...world, instant: at, directory: cut.machine.directory() },
      live: undefined,
    };
  }
}

/** As a service manager does it. A kill in the middle of its one file operation leaves what a kill before it leaves. */
function stopped(world: World, process: AgentProcess, model: Model): Step {
  const live = new LiveAgent(model, process);
  live.moveTo(world.instant, world.disk);
  live.stop();
  const directory = live.machine.directory();
  if (directory.shown !== undefined) {
    throw new Violation('surfaces-agree', 'the agent was stopped, and the process file is still there');
  }
  return { text: 'the agent is stopped', world: { ...killed(world), directory }, live: undefined };
}

async function* checkGoesOn(
  world: World,
  process: AgentProcess,
  live: LiveAgent,
  model: Model,
): AsyncGenerator<Step> {
  const answered = world.check ?? [];
  const { asks } = await model.source.progress(answered);
  if (asks === undefined) throw new Error('A check that is under way has ended');
  for (const answer of possibleAnswers(world.imds, asks, roleListed(answered))) {
    const check = [...answered, answer];
    const text = `${world.check === undefined ? 'a check begins, and ' : ''}the ${asks} is answered with ${answer.name}`;
    const { outcome } = await model.source.progress(check);
    if (outcome === undefined) {
      live.moveTo(world.instant, world.disk);
      yield { text, world: { ...world, check }, live };
    } else yield* checkEnds(text, { ...world, check: undefined }, process, outcome, model);
  }
}

/** Nothing happens between its requests, and IMDS answers as it should: one step, for which the others take two. */
async function* wholeCheck(world: World, process: AgentProcess, model: Model): AsyncGenerator<Step> {
  const outcome = await outcomeOf([], world.imds, model.source);
  yield* checkEnds('a whole check is made', world, process, outcome, model);
}

async function* checkFails(world: World, process: AgentProcess, model: Model): AsyncGenerator<Step> {
  const { outcome } = await model.source.progress([NO_CONNECTION]);
  if (outcome !== undefined) yield* checkEnds('a check finds no connection', world, process, outcome, model);
}

/** What a check brings whose further requests are answered truly. */
export async function outcomeOf(
  answers: readonly Answer[],
  imds: World['imds'],
  source: CheckSource,
): Promise<CheckOutcome> {
  const { asks, outcome } = await source.progress(answers);
  if (outcome !== undefined) return outcome;
  return outcomeOf([...answers, trueAnswer(imds, asks, roleListed(answers))], imds, source);
}

function roleListed(answers: readonly Answer[]) {
  return answers.findLast(({ role }) => role !== undefined)?.role;
}

/** Drawn by chance: the least that an extension can be, and the most. */
const CHANCES = [0, 0.999];

function* checkEnds(
  text: string,
  world: World,
  process: AgentProcess,
  outcome: CheckOutcome,
  model: Model,
): Generator<Step> {
  const { instant, disk, ledger } = world;
  for (const random of CHANCES) {
    const input = { instant, disk, random, outcome };
    const live = new LiveAgent(model, process);
    live.take(input);
    if (random > 0 && (live.machine.draws === 0 || !model.scope.fine)) return;
    const ended = checkEnded(ledger, outcome, instant, model.stability);
    const isWell = disk === 'well' ? { ...ended, diskExcused: false } : ended;
    const withChance = random > 0 ? `${text} (jitter ${random})` : text;
    yield { text: withChance, world: moved(world, process, input, live, isWell), live };
    const after = checkCutShort(ledger, outcome, instant, model.stability);
    yield* kills(withChance, { ...world, ledger: after }, process, input, live, model);
  }
}

function* observation(world: World, process: AgentProcess, model: Model): Generator<Step> {
  const { instant, disk, ledger } = world;
  const input = { instant, disk, random: 0, outcome: undefined };
  const live = new LiveAgent(model, process);
  const changes = live.changes;
  live.take(input);
  if (live.changes === changes) return;
  const text = 'the refresher looks at the clock';
  yield { text, world: moved(world, process, input, live, ledger), live };
  yield* kills(text, { ...world, ledger: died(ledger) }, process, input, live, model);
}

/** The same, where the process is killed in the middle of one of the file operations that it leads to. */
function* kills(
  text: string,
  world: World,
  process: AgentProcess,
  input: Input,
  whole: LiveAgent,
  model: Model,
): Generator<Step> {
  for (let nth = 1; model.scope.files && nth <= whole.machine.operations; nth++) {
    const live = new LiveAgent(model, process);
    live.take(input, nth);
    const directory = live.machine.directory();
    yield {
      text: `${text}, and the agent is killed in file operation ${nth}`,
      world: { ...killed(world), directory, ledger: world.ledger },
      live: undefined,
    };
  }
}

function moved(
  world: World,
  { born, inputs }: AgentProcess,
  input: Input,
  live: LiveAgent,
  ledger: World['ledger'],
): World {
  const process = { born, inputs: [...inputs, input] };
  return { ...world, process, directory: live.machine.directory(), ledger };
}

function killed(world: World): World {
  return { ...world, process: undefined, check: undefined, ledger: died(world.ledger) };
}

function isSameDirectory({ machine }: LiveAgent, { directory }: World): boolean {
  const { stored, shown } = machine.directory();
  return stored === directory.stored && shown === directory.shown;
}
