import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CHARTS_PAGE, chartsPage } from '../../../scripts/charts.ts';

test('docs/charts.md is what scripts/charts.ts makes of the charts', () => {
  expect(readFileSync(CHARTS_PAGE, 'utf8')).toBe(chartsPage());
});
