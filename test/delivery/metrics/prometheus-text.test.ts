import { expect, test } from 'vitest';
import { prometheusText } from '../../../src/delivery/metrics/prometheus-text.ts';

test('a family is its help, its type and its samples, with labels that cannot end their quotes', async () => {
  const text = await prometheusText([
    { name: 'a_seconds', help: 'One.', type: 'gauge', samples: [{ value: 0.25 }] },
    {
      name: 'b_total',
      help: 'Two.',
      type: 'counter',
      samples: [{ value: 3, labels: { role: 'x"} 1\nevil 2\\' } }],
    },
    { name: 'c', help: 'None.', type: 'gauge', samples: [] },
  ]);
  expect(text).toBe(`# HELP a_seconds One.
# TYPE a_seconds gauge
a_seconds 0.25

# HELP b_total Two.
# TYPE b_total counter
b_total{role="x\\"} 1\\nevil 2\\\\"} 3

# HELP c None.
# TYPE c gauge
`);
});
