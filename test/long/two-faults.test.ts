import { allHolds, bundledCode, STRATEGIES } from '../model/machine/told.js';

describe('every way a window can go in which two things happen', function () {
  this.timeout(3_600_000);
  let code = '';

  before(async () => {
    code = await bundledCode();
  });

  for (const strategy of STRATEGIES) {
    it(`${strategy}: all invariants hold`, () => {
      allHolds(code, strategy, { unusual: 2, within: 'window' });
    });
  }
});
