Scenario: A decorated function is told, sync and async

When a traced function runs, sync and async
  pool-managerd | warm_up | traced.<locals>.warm_up | -
      Running warm_up
  pool-managerd | warm_up | traced.<locals>.warm_up | -
      Finished: Running warm_up
  pool-managerd | settle | traced.<locals>.settle | -
      Running settle
  pool-managerd | settle | traced.<locals>.settle | -
      Finished: Running settle

Then the story is exactly:
