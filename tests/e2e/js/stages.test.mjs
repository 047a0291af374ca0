import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS, PLANS, SLOW, StageError, Stages } from "../../../src/salon/web/voice/stages.js";

const never = () => new Promise(() => {});

for (const plan of Object.values(PLANS)) {
  for (const stalled of plan) {
    test(`a call of ${plan.join(", ")} that stalls at ${stalled} is explained, and fails there`, async ({ mock }) => {
      mock.timers.enable({ apis: ["setTimeout"] });
      const stages = new Stages();
      const told = [];
      stages.on("changed", () => told.push([stages.stage, stages.slow]));
      stages.begin(plan);
      const failed = assert.rejects(stages.within(never()), (error) => error instanceof StageError && error.stage === stalled && error.message === "late");
      for (const stage of plan.slice(1, plan.indexOf(stalled) + 1)) {
        // Each has its time to itself.
        mock.timers.tick(LIMITS[stages.stage] - 1);
        stages.reach(stage);
      }
      told.length = 0;
      mock.timers.tick(SLOW[stalled] - 1);
      assert.deepEqual(told, []);
      mock.timers.tick(1);
      assert.deepEqual(told, [[stalled, true]]);
      mock.timers.tick(LIMITS[stalled] - SLOW[stalled]);
      await failed;
    });
  }
}

test("what came about in time is not late afterwards", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const stages = new Stages();
  stages.begin(PLANS.auto);
  assert.equal(await stages.within(Promise.resolve(7)), 7);
  const open = stages.within(never());
  stages.reach("session");
  stages.end();
  mock.timers.runAll();
  assert.equal(stages.slow, false);
  assert.equal(await Promise.race([open, Promise.resolve("waits")]), "waits");
});
