Scenario: Values that do not fit their fields are kept aside

Given a service in production, where mistakes are mended

When it tells numbers that are none
  engine | answer | request | -
      Answering a request

Then "engine" narrates "answer" with:
