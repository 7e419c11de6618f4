Feature: A model stays on the GPU that it was put on
  What is told of GPUs. Machines without one take part as well: what llama.cpp and the driver say stands in the scenario.

  @M0-W-1010
  Scenario Outline: The GPU that was asked for is taken, and told
    Given llama.cpp sees the devices:
      | name  | free_bytes  |
      | CUDA0 | 70000000000 |
      | Metal | 9000000000  |
    When an engine looks for a device of the kind "<kind>"
    Then "worker" narrates "device_init" with:
      | level           | info         |
      | gpu_device      | <name>       |
      | available_bytes | <free_bytes> |

    Examples:
      | kind  | name  | free_bytes  |
      | cuda  | CUDA0 | 70000000000 |
      | metal | Metal | 9000000000  |

  @M0-W-1012
  Scenario: The model is where it was put
    Given a model that took 1000 bytes of "CUDA0"
    When the driver says that the process holds 1000 bytes
    Then "worker" narrates "residency" with:
      | level           | info  |
      | gpu_device      | CUDA0 |
      | required_bytes  | 1000  |
      | available_bytes | 1000  |

  @M0-W-1012
  Scenario: The model has left the GPU
    Given a model that took 1000 bytes of "CUDA0"
    When the driver says that the process holds 10 bytes
    Then "worker" narrates "residency" with:
      | level           | error          |
      | error_kind      | residency_lost |
      | gpu_device      | CUDA0          |
      | available_bytes | 10             |

  @M0-W-1012
  Scenario: The model has left the GPU and comes back
    Given a model that took 1000 bytes of "CUDA0"
    When the driver says that the process holds 10 bytes
    And the driver says that the process holds 1000 bytes
    Then the story includes, in order:
      | action    | level | error_kind     |
      | residency | error | residency_lost |
      | residency | info  |                |
