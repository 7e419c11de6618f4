Scenario: A model that fails its validation is refused

Given a fleet in which things go wrong

When a user asks it for the model "torn"
  orchestratord | request | POST /v1/tasks | c1
      Serving POST /v1/tasks
  orchestratord | admit | j1 | c1 j1
      Admitted the task with 0 before it, predicted to start in <duration>
  orchestratord | answer | POST /v1/tasks | c1
      Answered POST /v1/tasks with 202 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/models/torn | c1 j1
      Calling GET 127.0.0.1:<port>/v1/models/torn
  model-provisioner | request | GET /v1/models/torn | c1 j1
      Serving GET /v1/models/torn
  model-provisioner | model_refuse | torn | c1 j1 | error: model_invalid
      Refused torn: it is cut short: tensor 'output.weight' ends at byte ...
  model-provisioner | answer | GET /v1/models/torn | c1 j1
      Answered GET /v1/models/torn with 422 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/models/torn | c1 j1
      GET 127.0.0.1:<port>/v1/models/torn answered 422 after <duration>
  orchestratord | finish | j1 | c1 j1 | error: model_invalid
      Gave the task up: torn: it is cut short: tensor 'output.weight' ends at ...
  orchestratord | request | GET /v1/tasks/j1/events | c1
      Serving GET /v1/tasks/j1/events
  orchestratord | answer | GET /v1/tasks/j1/events | c1
      Answered GET /v1/tasks/j1/events with 200 after <duration>

Then the user is told "MODEL_INVALID"

And "model-provisioner" narrates "model_refuse" with:

And "orchestratord" narrates "finish" with:
