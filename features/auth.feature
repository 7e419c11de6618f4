Feature: Who may ask a worker
  One token, loopback callers, a trusted proxy; the token itself is never told.

  @AUTH-1001 @AUTH-1008 @ORCH-3302
  Scenario: A caller with the token is let in and named by its digest
    Given settings:
      | AUTH_TOKEN | made-up-token-for-features |
    And a worker of its own
    When a client with the token "made-up-token-for-features" asks "Write a haiku about GPU computing"
    Then the answer has status 200
    And every event is narrated with:
      | identity | /^token:[0-9a-f]{6}$/ |
    And the narration never tells "made-up-token-for-features"

  @AUTH-1001 @ORCH-3302
  Scenario: A wrong token is refused and not told
    Given settings:
      | AUTH_TOKEN | made-up-token-for-features |
    And a worker of its own
    When a client with the token "another-made-up-token" asks "Write a haiku about GPU computing"
    Then the answer has status 401 and the code "BAD_TOKEN"
    And "worker" narrates "auth" with:
      | level      | warn      |
      | error_kind | bad_token |
    And the narration never tells "another-made-up-token"
    And the narration never tells "made-up-token-for-features"

  @AUTH-1001
  Scenario: Without a token a caller is refused
    Given settings:
      | AUTH_TOKEN | made-up-token-for-features |
    And a worker of its own
    When a client asks "Write a haiku about GPU computing"
    Then the answer has status 401 and the code "MISSING_TOKEN"
    And "worker" narrates "auth" with:
      | error_kind | missing_token |

  @AUTH-1004
  Scenario: A loopback caller needs no token when that is allowed
    Given settings:
      | AUTH_TOKEN    | made-up-token-for-features |
      | AUTH_OPTIONAL | true                       |
    And a worker of its own
    When a client asks "Write a haiku about GPU computing"
    Then the answer has status 200
    And every event is narrated with:
      | identity | localhost |

  @AUTH-1004
  Scenario: A caller behind a proxy is no loopback caller
    Given settings:
      | AUTH_TOKEN    | made-up-token-for-features |
      | AUTH_OPTIONAL | true                       |
    And a worker of its own
    When a client behind a proxy asks "Write a haiku about GPU computing"
    Then the answer has status 401 and the code "MISSING_TOKEN"

  @AUTH-1004 @M0-W-1340
  Scenario Outline: A web page cannot shut a worker down that needs no token
    Given a worker of its own
    When a page sends "POST /shutdown" with the header "<name>" set to "<value>"
    Then the answer has status 403 and the code "FORBIDDEN"
    And the next request works

    Examples:
      | name           | value                |
      | Origin         | http://evil.example  |
      | Origin         | null                 |
      | Host           | rebound.evil.example |
      | Sec-Fetch-Site | cross-site           |

  @AUTH-1006
  Scenario: A proxy that has checked the token is trusted
    Given settings:
      | AUTH_TOKEN       | made-up-token-for-features |
      | TRUST_PROXY_AUTH | true                       |
    And a worker of its own
    When a client with the token "checked-by-the-proxy" asks "Write a haiku about GPU computing"
    Then the answer has status 200
    And the narration never tells "checked-by-the-proxy"

  @AUTH-1007 @silent-ok
  Scenario: Tokens are compared in constant time
    When a wrong token of the same length is checked
    Then the standard library's constant-time comparison decided
