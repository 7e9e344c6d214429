import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Check, mustBe, packageOf, type Subject, said } from '../package/check/check.ts';
import { onCopy } from '../package/check/copy.ts';
import { needs, Skipped } from '../package/tool.ts';

/** Types and schemas that are made of Kubernetes's own OpenAPI document, and a parser. For these checks alone. */
const PACKAGES = ['kubernetes-models@5.1.0', 'yaml@2.8.1'];
const MANIFESTS = {
  'daemonset.yaml': { type: 'IDaemonSet', model: 'DaemonSet', from: 'kubernetes-models/apps/v1' },
  'consumer.yaml': { type: 'IPod', model: 'Pod', from: 'kubernetes-models/v1' },
} as const;

interface Container {
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly securityContext: { readonly capabilities: { readonly add?: readonly string[] } };
  readonly readinessProbe: { readonly exec: { readonly command: readonly string[] } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface PodSpec {
  readonly initContainers: readonly [Container];
  readonly containers: readonly [Container];
  readonly securityContext: {
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly supplementalGroups: readonly number[];
  };
}

export const kubernetesChecks: readonly Check[] = [
  {
    title: 'the manifests hold by Kubernetes’s schema, and have no member that it does not know',
    run(subject) {
      const directory = install(subject);
      const { parse } = createRequire(join(directory, 'x.js'))('yaml');
      for (const [file, { type, model, from }] of Object.entries(MANIFESTS)) {
        const manifest = parse(readFileSync(join(subject.root, 'docs/fleet/kubernetes', file), 'utf8'));
        // Only of a literal does TypeScript say that a member is one too many; the model says what values may be.
        const lines = [
          `import { ${model}, type ${type} } from '${from}';`,
          `const manifest: ${type} = ${JSON.stringify(manifest)};`,
          `new ${model}(manifest).validate();`,
        ];
        const source = join(directory, file.replace('.yaml', '.mts'));
        writeFileSync(source, lines.join('\n'));
        const options = [
          '--noEmit',
          '--strict',
          '--skipLibCheck',
          '--target',
          'esnext',
          '--module',
          'nodenext',
        ];
        said(join(subject.root, 'node_modules/.bin/tsc'), ['--ignoreConfig', ...options, source]);
        said(process.execPath, [source]);
      }
      return undefined;
    },
  },
  {
    title: 'image, directory and group are the same in the manifests and the Dockerfile',
    run(subject) {
      const { agent, consumer } = manifests(subject);
      const dockerfile = readFileSync(join(subject.root, 'docs/fleet/kubernetes/Dockerfile'), 'utf8');
      const { runAsUser, runAsGroup } = agent.securityContext;
      mustBe(
        /^USER (.*)$/m.exec(dockerfile)?.[1] ?? '',
        `${runAsUser}:${runAsGroup}`,
        'the user of the image',
      );
      mustBe(
        consumer.securityContext.supplementalGroups.join(),
        String(runAsGroup),
        'the group of the consumer',
      );
      return undefined;
    },
  },
  {
    title:
      'the agent of the DaemonSet serves the pod, and no pod without the group, also after the next version came',
    run(subject) {
      needs('ip', 'iproute2');
      needs('curl', 'curl');
      const { agent, consumer } = manifests(subject);
      const [init] = agent.initContainers;
      const [main] = agent.containers;
      const profile = consumer.containers[0].volumeMounts.find(({ name }) => name === 'profile')?.mountPath;
      const words = (list: readonly (string | number)[]) => `(${list.map((word) => `'${word}'`).join(' ')})`;
      const capabilities = init.securityContext.capabilities.add ?? [];
      const said = [
        `INIT=${words(init.command)}`,
        `INIT_CAPABILITIES='${capabilities.map((each) => `,+${each.toLowerCase()}`).join('')}'`,
        `AGENT=${words(main.command)}`,
        `ENVIRONMENT=${words(main.env.map(({ name, value }) => `${name}=${value}`))}`,
        `READY=${words(main.readinessProbe.exec.command)}`,
        `AGENT_USER=${agent.securityContext.runAsUser}`,
        `AGENT_GROUP=${agent.securityContext.runAsGroup}`,
        `CONSUMER_USER=${consumer.securityContext.runAsUser}`,
        `CONSUMER_GROUP=${consumer.securityContext.runAsGroup}`,
        `CONSUMER_GROUPS=${consumer.securityContext.supplementalGroups.join()}`,
        `PROFILE='${profile}'`,
      ];
      const file = join(subject.work, 'manifests.sh');
      writeFileSync(file, `${said.join('\n')}\n`);
      const config = join(subject.root, 'docs/fleet/kubernetes/aws-config');
      const script = join(import.meta.dirname, 'on-copy/kubernetes.sh');
      return onCopy(subject, script, [file, config, packageOf(subject, '.deb')]);
    },
  },
];

function manifests(subject: Subject): { readonly agent: PodSpec; readonly consumer: PodSpec } {
  const { parse } = createRequire(join(install(subject), 'x.js'))('yaml');
  const read = (file: string) =>
    parse(readFileSync(join(subject.root, 'docs/fleet/kubernetes', file), 'utf8'));
  return { agent: read('daemonset.yaml').spec.template.spec, consumer: read('consumer.yaml').spec };
}

/** Returns the directory whose node_modules has the packages. */
function install({ work }: Subject): string {
  const options = ['--prefix', work, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  try {
    said('npm', ['install', ...options, ...PACKAGES]);
  } catch (error) {
    throw new Skipped(`npm could not install ${PACKAGES.join(' and ')}: ${(error as Error).message}`);
  }
  return work;
}
