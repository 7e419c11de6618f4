Scenario: The workers of a service speak to their end

When a mail service has two forked workers for "req-forked" that leave past all clean-up
  mailer | start | service | c1
      Starting to send mails
  mailer | send | worker-1 | c1 | fatal: disk_full
      Cannot send mails any more: the disk is full
  mailer | send | worker-2 | c1 | fatal: disk_full
      Cannot send mails any more: the disk is full

Then the story is exactly:

And every event carries the correlation id "req-forked"
