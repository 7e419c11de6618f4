# ruff: noqa: E501 - lines of logs
"""Lines as real programs write them stay as they are; all of them are made up here, in the layouts of these programs."""

import pytest

from narration_core.redaction import Redactor, redact

pytestmark = pytest.mark.req("NARR-3009")

LINES = {
    "openssh": """
Jan  2 06:55:46 host7 sshd[24200]: Invalid user webmaster from 192.0.2.18
Jan  2 06:55:46 host7 sshd[24200]: input_userauth_request: invalid user webmaster [preauth]
Jan  2 06:55:46 host7 sshd[24200]: pam_unix(sshd:auth): check pass; user unknown
Jan  2 06:55:46 host7 sshd[24200]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.18
Jan  2 06:55:48 host7 sshd[24200]: Failed password for invalid user webmaster from 192.0.2.18 port 38926 ssh2
Jan  2 06:55:48 host7 sshd[24200]: Failed none for invalid user 0101 from 192.0.2.18 port 4921 ssh2
Jan  2 06:55:48 host7 sshd[24200]: Connection closed by 192.0.2.18 [preauth]
Jan  2 07:07:38 host7 sshd[24206]: Received disconnect from 192.0.2.18: 11: Bye Bye [preauth]
Jan  2 07:08:28 host7 sshd[24208]: reverse mapping checking getaddrinfo for ns.example.org [192.0.2.18] failed - POSSIBLE BREAK-IN ATTEMPT!
Jan  2 07:11:42 host7 sshd[24224]: PAM service(sshd) ignoring max retries; 6 > 3
Jan  2 07:11:42 host7 sshd[24224]: message repeated 5 times: [ Failed password for root from 192.0.2.7 port 53304 ssh2]
Jan  2 07:11:44 host7 sshd[24224]: Disconnecting: Too many authentication failures for root [preauth]
Jan  2 07:27:50 host7 sshd[24230]: error: Received disconnect from 192.0.2.7: 14: No more user authentication methods available. [preauth]
Jan  2 09:32:20 host7 sshd[24680]: Accepted password for fztu from 192.0.2.7 port 49116 ssh2
Jan  2 09:32:20 host7 sshd[24680]: Accepted publickey for deploy from 192.0.2.7 port 49117 ssh2: ED25519 SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8
Jan  2 09:32:20 host7 sshd[24680]: pam_unix(sshd:session): session opened for user fztu by (uid=0)
debug1: kex: algorithm: curve25519-sha256@libssh.org
debug1: kex: host key algorithm: ssh-ed25519-cert-v01@openssh.com
debug1: kex: server->client cipher: chacha20-poly1305@openssh.com MAC: <implicit> compression: none
debug1: Authentications that can continue: publickey,password
debug1: Next authentication method: password
debug1: identity file /home/ann/.ssh/id_rsa type 0
debug1: Server host key: ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDvqq2xSbDkT3Zxp4A
debug2: host key algorithms: ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,sk-ssh-ed25519@openssh.com
""",
    "sudo": """
Jan  2 10:01:02 host7 sudo:   ubuntu : TTY=pts/0 ; PWD=/home/ubuntu ; USER=root ; COMMAND=/usr/bin/apt-get update
Jan  2 10:01:02 host7 sudo: pam_unix(sudo:auth): conversation failed
Jan  2 10:01:02 host7 sudo: pam_unix(sudo:auth): auth could not identify password for [ubuntu]
    (ALL : ALL) NOPASSWD: ALL
ubuntu ALL=(ALL) NOPASSWD:/usr/bin/systemctl restart app
%wheel ALL=(ALL) PASSWD: ALL
OLDPWD=/var/lib/app PWD=/var/lib/app/current
sudo: a password is required
sudo: 3 incorrect password attempts
[sudo] password for ann:
""",
    "syslog": """
Jan  2 04:06:18 combo su(pam_unix)[21416]: session opened for user cyrus by (uid=0)
Jan  2 04:06:19 combo logrotate: ALERT exited abnormally with [1]
Jan  2 12:12:34 combo ftpd[20829]: connection from 192.0.2.205 () at Sat Jan  2 12:12:34 2026
Jan  2 13:16:06 combo klogind[19272]: Authentication failed from 192.0.2.34 (192.0.2.34): Permission denied in replay cache code
Jan  2 14:02:01 combo kernel: Kernel command line: ro root=LABEL=/ rhgb quiet
Jan  2 14:02:01 combo kernel: audit(1122475266.4294965305:0): initialized
Jan  2 14:02:01 combo kernel: Security Scaffold v1.0.0 initialized
Jan  2 12:01:01 dn228/dn228 crond(pam_unix)[2915]: session closed for user root
Jan  2 12:01:01 tbird-admin1/tbird-admin1 /apps/x86_64/system/ganglia-3.0.1/sbin/gmetad[1682]: data_thread() got not answer from any [Thunderbird_A2] datasource
Jan  2 12:01:01 an505/an505 sendmail[9271]: jA9K1Ab2009271: to=root, ctladdr=root (0/0), delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=31075, relay=#1# [#1#], dsn=4.0.0, stat=Deferred: Connection refused by #1#
Jan  2 12:01:01 eadmin1/eadmin1 dhcpd: DHCPDISCOVER from 00:11:43:e3:ba:c3 via eth1: network A_net: no free leases
Jan  2 12:01:01 aadmin1/aadmin1 xinetd[3102]: START: auth pid=31577 from=192.0.2.3
Jan  2 12:01:01 bn431/bn431 ntpd[24206]: synchronized to 192.0.2.250, stratum 3
Jan  2 12:01:01 mx postfix/smtpd[1201]: disconnect from unknown[192.0.2.4] ehlo=1 auth=0/1 commands=1/2
Jan  2 12:01:01 mx postfix/smtpd[1201]: warning: unknown[192.0.2.4]: SASL LOGIN authentication failed: UGFzc3dvcmQ6
Jan  2 12:01:01 mx postfix/cleanup[1204]: 4A5B6C0012: message-id=<20260102120101.4A5B6C0012@mx.example.org>
Jan  2 12:01:01 mx dovecot: imap-login: Disconnected (auth failed, 1 attempts in 4 secs): user=<ann>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.1, TLS, session=<xlVcPa0KLgDAAAIJ>
""",
    "kernel": """
[   10.216503] Loaded X.509 cert 'Build time autogenerated kernel key: 93c1f05e7ab2d4886017ce5b9f3a2d10e4c87b65'
[    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz-6.1.0-18-amd64 root=UUID=6f1e0d3c-1b2a-4c5d-8e9f-0a1b2c3d4e5f ro quiet
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] DMI: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-debian-1.16.2-1 04/01/2014
[    0.004000] SMBIOS UUID: 11111111-0049-1512-3456-abcdefabcdef
[    0.412345] Key type asymmetric registered
[    0.412346] Loaded X.509 cert 'Debian Secure Boot CA: 6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1'
[    0.512345] integrity: Loading X.509 certificate: UEFI:db
[    1.234567] pci 0000:00:02.0: reg 0x10: [mem 0xfd000000-0xfdffffff pref]
[    2.345678] audit: type=1400 audit(1767344523.123:2): apparmor="STATUS" operation="profile_load" profile="unconfined" name="/usr/bin/man" pid=412 comm="apparmor_parser"
[    9.876543] TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.  Check SNMP counters.
""",
    "spark": """
26/01/02 20:10:40 INFO spark.SecurityManager: SecurityManager: authentication disabled; ui acls disabled; users with view permissions: Set(yarn, ann); users with modify permissions: Set(yarn, ann)
26/01/02 20:10:41 INFO slf4j.Slf4jLogger: Slf4jLogger started
26/01/02 20:10:41 INFO Remoting: Remoting started; listening on addresses :[akka.tcp://sparkExecutorActorSystem@mesos-slave-07:55904]
26/01/02 20:10:46 INFO storage.MemoryStore: Block broadcast_2_piece0 stored as bytes in memory (estimated size 5.2 KB, free 317.5 KB)
26/01/02 20:10:46 INFO rdd.HadoopRDD: Input split: hdfs://192.0.2.11:9000/logs/part-00000:134217728+134217728
26/01/02 20:10:46 INFO executor.Executor: Finished task 1.0 in stage 0.0 (TID 1). 2703 bytes result sent to driver
26/01/02 20:10:46 INFO util.SignalUtils: Registered signal handler for TERM
""",
    "hadoop": """
2026-01-02 18:01:47,978 INFO [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Created MRAppMaster for application appattempt_1445144423722_0020_000001
2026-01-02 18:01:48,963 INFO [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Executing with tokens:
2026-01-02 18:01:48,963 INFO [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Kind: YARN_AM_RM_TOKEN, Service: , Ident: (appAttemptId { application_id { id: 20 cluster_timestamp: 1445144423722 } attemptId: 1 } keyId: -127633188)
2026-01-02 18:01:53,338 INFO [main] org.apache.hadoop.mapreduce.v2.app.job.impl.JobImpl: Adding job token for job_1445144423722_0020 to jobTokenSecretManager
2026-01-02 18:02:02,104 INFO [ContainerLauncher #0] org.apache.hadoop.mapreduce.v2.app.launcher.ContainerLauncherImpl: Shuffle port returned by ContainerManager for attempt_1445144423722_0020_m_000000_0 : 13562
2026-01-02 18:02:02,104 INFO [AsyncDispatcher event handler] org.apache.hadoop.mapreduce.v2.app.job.impl.TaskAttemptImpl: Putting shuffle token in serviceData
2026-01-02 18:02:02,104 INFO [AsyncDispatcher event handler] org.apache.hadoop.mapreduce.v2.app.job.impl.TaskAttemptImpl: Size of containertokens_dob is 1
2026-01-02 18:02:10,104 INFO [Socket Reader #1 for port 62270] SecurityLogger.org.apache.hadoop.ipc.Server: Auth successful for job_1445144423722_0020 (auth:SIMPLE)
2026-01-02 18:02:10,104 INFO [main] org.apache.hadoop.mapred.YarnChild: Kind: mapreduce.job, Service: job_1445144423722_0020, Ident: (org.apache.hadoop.mapreduce.security.token.JobTokenIdentifier@666adef3)
""",
    "openstack": """
nova-api.log.1.2026-01-02_13:53:08 2026-01-02 00:00:00.008 25746 INFO nova.osapi_compute.wsgi.server [req-38101a0b-2096-447d-96ea-a692162415ae 113d3a99c3da401fbd62cc2caa5b96d2 54fadb412c4e40cdbaed9335e4c35a9e - - -] 192.0.2.1 "GET /v2/54fadb412c4e40cdbaed9335e4c35a9e/servers/detail HTTP/1.1" status: 200 len: 1893 time: 0.2477829
nova-compute.log.1.2026-01-02_13:55:31 2026-01-02 00:00:04.693 2931 INFO nova.virt.libvirt.imagecache [req-addc1839-2ed5-4778-b57e-5854eb7b8b09 - - - - -] Active base files: /var/lib/nova/instances/_base/a489c868f0c37da93b76227c91bb03908ac0e742
""",
    "windows": """
2026-01-02 04:30:30, Info                  CBS    Loaded Servicing Stack v6.1.7601.23505 with Core: C:\\Windows\\winsxs\\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_6.1.7601.23505_none_681aa442f6fed7f0\\cbscore.dll
2026-01-02 04:30:31, Info                  CSI    00000001@2026/1/2:20:30:31.455 WcpInitialize (wcp.dll version 0.0.0.6) called (stack @0x7fed806eb5d @0x7fef9fb9b6d @0x7fef9f8358f)
2026-01-02 04:30:31, Info                  CBS    Session: 30546173_4261722401 initialized by client WindowsUpdateAgent.
2026-01-02 04:30:31, Info                  CBS    Read out cached package applicability for package: Package_for_KB2928120~31bf3856ad364e35~amd64~~6.1.1.2, ApplicableState: 112, CurrentState:112
2026-01-02 04:30:31, Info                  CSI    00000009 Begin componentstore: PublicKeyToken = {l:8 b:31bf3856ad364e35}, Type neutral, TypeName neutral, PublicKey neutral
System.IO.FileNotFoundException: Could not load file or assembly 'Example.Core, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089' or one of its dependencies.
An account failed to log on. Subject: Security ID: S-1-5-18 Account Name: HOST7$ Logon ID: 0x3E7 Failure Reason: Unknown user name or bad password. Status: 0xC000006D
Key Length: 0  Package Name (NTLM only): -  Logon GUID: {00000000-0000-0000-0000-000000000000}
""",
    "android": """
01-02 16:13:38.811  1702  2395 D WindowManager: printFreezingDisplayLogsopening app wtoken = AppWindowToken{9f4ef63 token=Token{a64f992 ActivityRecord{de9231d u0 com.example.chat/.activity.NewsDetailActivity t761}}}, allDrawn= false, startingDisplayed =  false
01-02 16:13:38.820  1702  8671 D PowerManagerService: acquire lock=233570404, flags=0x1, tag="View Lock", name=com.android.systemui, ws=null, uid=10037, pid=2227
01-02 16:13:38.839  1702  2113 V WindowManager: Skipping AppWindowToken{df0798e token=Token{78af589 ActivityRecord{3b04890 u0 com.example.chat/.PlayerActivity t761}}} -- going to hide
01-02 16:13:38.859  2227  2227 D TextView: visible is system.time.showampm
01-02 16:13:38.911  1702 10454 D ActivityManager: getRunningAppProcesses: caller 10113 does not hold REAL_GET_TASKS; limiting output
01-02 16:13:39.012  1702  2105 I KeyguardViewMediator: setOccluded false, authenticated=false secure=true
""",
    "mac": """
Jan  2 09:00:55 calvisitor-192-0-2-95 kernel[0]: IOThunderboltSwitch<0>(0x0)::listenerCallback - Thunderbolt HPD packet for route = 0x0 port = 11 unplug = 0
Jan  2 09:01:05 calvisitor-192-0-2-95 com.apple.CDScheduler[43]: Thermal pressure state: 1 Memory pressure state: 0
Jan  2 09:01:06 calvisitor-192-0-2-95 QQ[10018]: FA||Url||taskID[2019352994] dealloc
Jan  2 09:02:26 calvisitor-192-0-2-95 kernel[0]: ARPT: 620701.011328: AirPort_Brcm43xx::syncPowerState: WWEN[enabled]
Jan  2 09:03:11 authorMacBook-Pro symptomsd[215]: __73-[NetworkAnalyticsEngine observeValueForKeyPath:ofObject:change:context:]_block_invoke unexpected switch value 2
Jan  2 10:11:26 authorMacBook-Pro GoogleSoftwareUpdateAgent[31702]: 2026-01-02 10:11:26.218 GoogleSoftwareUpdateAgent[31702/0x700000323000] [lvl=2] -[KSAgentUploader fetcher:failedWithError:] Failed to upload stats to <NSMutableURLRequest: 0x1005108f0> { URL: https://tools.example.com/service/update2 }
Jan  2 10:12:00 authorMacBook-Pro corecaptured[31174]: CCFile::captureLog Received Capture notice id: 1499475562.670806, reason = AuthFail:sts:5_rsn:0
Jan  2 10:12:01 authorMacBook-Pro com.apple.SecurityServer[80]: session 100033 created
Jan  2 10:12:01 authorMacBook-Pro Safari[9852]: KeychainGetICDPStatus: keychain: -25300
Jan  2 10:12:01 authorMacBook-Pro loginwindow[94]: CoreAnimation: warning, deleted thread with uncommitted CATransaction; set CA_DEBUG_TRANSACTIONS=1 in environment to log backtraces.
""",
    "other loggers": """
ok  	example.org/shop/internal/secrets	0.012s	coverage: 83.3% of statements
ok  	example.org/shop/internal/secrets	12.5ms
["docker", "run", "-u", "ann", "-p", "8080:80", "nginx"]
20260102-22:15:29:606|Step_LSC|30002312|onStandStepChanged 3579
20260102-22:15:29:615|Step_StandReportReceiver|30002312|onExtend:1514038530000 14 0 4
20260102-22:15:29:635|Step_LSC|30002312|setTodayTotalDetailSteps=1514038440000##7007##548365##8661##12361##27173954
[01.02 16:49:06] chrome.exe - proxy.example.org:5070 close, 1190 bytes (1.16 KB) sent, 1671 bytes (1.63 KB) received, lifetime 00:02
2026 node-246 unix.hw state_change.unavailable 1084680778 1 Component State Change: Component \\042alt0\\042 is in the unavailable state (HWID=3180)
[Sun Jan 04 04:47:44 2026] [notice] workerEnv.init() ok /etc/httpd/conf/workers2.properties
[Sun Jan 04 05:15:09 2026] [error] [client 192.0.2.184] Directory index forbidden by rule: /var/www/html/
192.0.2.1 - - [02/Jan/2026:10:00:00 +0000] "GET /static/js/main.4f3a2b1c.js HTTP/1.1" 200 51234 "https://example.org/" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
2026/01/02 10:00:00 [error] 1234#1234: *5678 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.1, server: _, request: "GET /api/v1/items?page=2&per_page=50&sort=created_at HTTP/1.1", upstream: "http://127.0.0.1:8000/api/v1/items"
""",
    "kubernetes": """
I0102 10:00:00.123456       1 shared_informer.go:311] Waiting for caches to sync for client-ca::kube-system::extension-apiserver-authentication::client-ca-file
I0102 10:00:00.123456       1 serving.go:355] Generated self-signed cert (/tmp/apiserver.crt, /tmp/apiserver.key)
E0102 10:00:00.123456       1 reflector.go:147] pkg/mod/k8s.io/client-go@v0.29.0/tools/cache/reflector.go:229: Failed to watch *v1.Secret: failed to list *v1.Secret: secrets is forbidden: User "system:serviceaccount:default:app" cannot list resource "secrets" in API group "" at the cluster scope
W0102 10:00:00.123456       1 authentication.go:339] No authentication-kubeconfig provided in order to lookup client-ca-file in configmap/extension-apiserver-authentication in kube-system, so client certificate authentication won't work.
time="2026-01-02T10:00:00.123456789Z" level=info msg="RunPodSandbox for name:\\"app-6d4cf56db6-x7k2p\\"  uid:\\"3f2504e0-4f89-11d3-9a0c-0305e82c3301\\"  namespace:\\"default\\"  returns sandbox id \\"4f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796\\""
Normal  Pulled  2m  kubelet  Successfully pulled image "ghcr.io/external-secrets/external-secrets:v0.18.1" in 1.234s (1.234s including waiting)
Warning  FailedMount  1m  kubelet  MountVolume.SetUp failed for volume "tls-secret" : secret "app-tls" not found
secret/app-tls created
serviceaccount/token-reviewer unchanged
clusterrolebinding.rbac.authorization.k8s.io/auth-delegator created
pulled docker.io/library/redis-auth:7.2.1 and ghcr.io/acme/token-service:2f1c9d
{"level":"info","ts":1767348000.1234567,"logger":"controller","msg":"Reconciled secret","secret":"default/app-tls","generation":3}
""",
    "go": """
2026-01-02 07:35:53.211080212 +0000 UTC m=+2682.895650130
goroutine 1 [running]:
main.(*Server).tokenFor(0xc000012345, {0xc000067890, 0x24}, 0x1)
	/src/app/token.go:42 +0x1d5
go: downloading golang.org/x/oauth2 v0.15.0
panic: runtime error: invalid memory address or nil pointer dereference
ok  	example.org/app/auth	0.012s	coverage: 81.2% of statements
--- PASS: TestPasswordReset (0.01s)
=== RUN   TestTokenExpiry/expired
""",
    "postgres": """
2026-01-02 10:00:00.123 UTC [1234] FATAL:  password authentication failed for user "ann"
2026-01-02 10:00:00.123 UTC [1234] DETAIL:  Connection matched pg_hba.conf line 95: "host all all all scram-sha-256"
2026-01-02 10:00:00.123 UTC [1234] LOG:  checkpoint complete: wrote 44 buffers (0.3%); 0 WAL file(s) added, 0 removed, 0 recycled; write=4.312 s, sync=0.005 s, total=4.321 s; sync files=12, longest=0.004 s, average=0.001 s; distance=262 kB, estimate=262 kB; lsn=0/1A2B3C4D, redo lsn=0/1A2B3C00
2026-01-02 10:00:00.123 UTC [1234] ERROR:  duplicate key value violates unique constraint "users_pkey"
2026-01-02 10:00:00.123 UTC [1234] DETAIL:  Key (id)=(42) already exists.
2026-01-02 10:00:00.123 UTC [1234] STATEMENT:  SELECT "auth_user"."id", "auth_user"."password" FROM "auth_user" WHERE "auth_user"."id" = 42
""",
    "java": """
java.lang.IllegalStateException: token store is not ready
	at org.springframework.security.oauth2.provider.token.store.JdbcTokenStore.readAccessToken(JdbcTokenStore.java:142)
	at com.example.auth.PasswordEncoder$$EnhancerBySpringCGLIB$$4f3a2b1c.encode(<generated>)
Caused by: javax.crypto.BadPaddingException: Given final block not properly padded. Such issues can arise if a bad key is used during decryption.
o.s.s.web.DefaultSecurityFilterChain : Will secure any request with [org.springframework.security.web.session.DisableEncodeUrlFilter@3f2a1b4c, org.springframework.security.web.csrf.CsrfFilter@7e5d1f2a]
Using generated security password: <hidden>
HikariPool-1 - configuration: password........................<masked>
""",
    "git": """
commit 7a1f9c04e5b8d26340fa9e17c8d5b263e09f4a71
feat(api-key): rotate nightly
fix(token): refresh when it expires
chore(secrets): drop the unused folder
Merge pull request #42 from acme/password-reset
 create mode 100644 src/auth/password.py
 src/token/store.go | 12 ++++++------
remote: Resolving deltas: 100% (12/12), completed with 4 local objects.
index 4f5e6d7..8b9a0f1 100644
""",
    "packages": """
Collecting PyJWT[crypto]<3,>=1.0.0 (from msal>=1.24.0)
  Downloading cryptography-42.0.5-cp39-abi3-manylinux_2_28_x86_64.whl.metadata (5.3 kB)
Successfully installed keyring-25.0.0 secretstorage-3.3.3 tokenizers-0.15.2
npm warn deprecated har-validator@5.1.5: this library is no longer supported
npm http fetch GET 200 https://registry.npmjs.org/js-tokens 312ms (cache miss)
+ jsonwebtoken@9.0.2
sha512-q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ4uK8eA2iB6oC9tD5rE1wN7q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0Fw==
Setting up dbus-user-session (1.14.10-1~deb12u1) ...
2026-01-02 10:00:00 status installed libsecret-1-0:amd64 0.20.5-3
Step 4/12 : RUN --mount=type=secret,id=npmrc npm ci
 ---> Running in 4f5e6d7c8b9a
#8 [build 4/6] RUN go build -o /out/token-service ./cmd/token-service
Digest: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
""",
    "security": """
"alert":{"action":"allowed","gid":1,"signature_id":2001219,"rev":20,"signature":"ET SCAN Potential SSH Scan OUTBOUND","category":"Attempted Information Leak","severity":2}
[**] [1:2001219:20] ET SCAN Potential SSH Scan [**] [Classification: Attempted Information Leak] [Priority: 2] {TCP} 192.0.2.1:51234 -> 192.0.2.7:22
Rule: 5710 (level 5) -> 'sshd: Attempt to login using a non-existent user'
private_key=/etc/ssl/key.pem certificate=/etc/ssl/cert.pem
ssl_certificate_key /etc/nginx/ssl/example.key;
traceparent=00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01
dd.trace_id=7079304735901040074 dd.span_id=4565152211627941179
x-request-id: 3f2504e04f8911d39a0c0305e82c3301
""",
    "sentences": """
* update-passwd.8: Document that backup copies of modified files are left
* src/shred.c (dopass): Remove a check that is no longer needed.
(agent_popup_message_stop, agent_clear_passphrase): Likewise.
PASS: gdb.base/reread.exp: opts=pie: second pass: run to main()
gpg: The option --passphrase= can be empty.
gpg: Make --export-ssh-key work for the primary key.
expand to nothing when $PWD was `//'.
passwd: Authentication token manipulation error
chpasswd: line 1: user 'ann' does not exist
the password is case-sensitive and at least twelve characters long
password: must be at least 8 characters
credentials: default
token: expired
secret "db-main" not found
this option is not used when -secret given
must give -key or -secret unless -unprotected is used
the API key ID: 5b1d8f2c-6a34-4e97-8c05-d3f1a2b4c697
token id: k3w9x2m7 was refused, password policy: strict2
passwords: 12 checked, 0 weak
""",
    "logins": """
Jan  2 10:01:02 host7 passwd[4807]: pam_unix(passwd:chauthtok): password changed for ann
Jan  2 10:01:02 host7 chpasswd[4808]: pam_unix(chpasswd:account): account ann has expired
TGS-REQ: issued ticket for krbtgt/EXAMPLE.ORG@EXAMPLE.ORG, service HTTP/web7.example.org@EXAMPLE.ORG
""",
    "clusters": """
secret "shop-main-5c8d" deleted
secret "shop-main-5c8d" not found
      SHOP_PASSWORD:  <set to the key 'password' in secret 'shop-main'>  Optional: false
helm upgrade till ./chart --set auth.existingSecret=shop-main2
Cache restored from key: Linux-pip-5c8d1f04b7e29a36c0d4f8e1b2a39576
    token: !Ref ShopTokenParameter
password={{ vault_shop_password }}
Access-Control-Allow-Headers: Authorization, X-Api-Key, Content-Type
""",
    "code": """
   7:     0x5581c07d9f23 - till::auth::password::verify::h5c8d1f04b7e29a36
password :: String -> Maybe Account
  at Secret::open (secret.rs:31), TillPassword::check failed
(shrink_pass::fold_twice, shrink_pass::keepOrder): Adjust.
password | varchar(255) | not null
{"password": ["This password is too short. It must have at least 12 characters.", "This password is too common."]}
till: error: argument --password: expected one argument
password: value is required
""",
    "options": """
mysql -pager
mariadb -print-defaults
mongosh -port 27017
mysqladmin ping -protocol=tcp
7z x -pager a.7z
["mysqldump", "-print-defaults"]
""",
}


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor()


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, id=f"{kind}-{number}")
        for kind, text in LINES.items()
        for number, line in enumerate(text.strip("\n").split("\n"))
    ],
)
def test_a_line_of_a_real_program_stays(line: str, redactor: Redactor) -> None:
    assert redactor.text(line) == line


@pytest.mark.parametrize("front", ['"integrity": "sha512-', "key RSA SHA256:", "url(data:image/png;base64,", "sha384-"])
@pytest.mark.parametrize("start", ["AKIA" + "Q7ZK2XW5LR4TN3VB", "00" + "q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ4uK8eA2iBq"])
def test_the_middle_of_a_hash_or_a_picture_is_no_token(front: str, start: str) -> None:
    assert "[REDACTED]" in redact(f"sent /{start} on")
    text = f"{front}ZNn8Vb3/{start}+uK8eA2i=="
    assert redact(text) is text
    assert "[REDACTED]" in redact(f"{front}ZNn8Vb3== /{start}")


@pytest.mark.parametrize("option", ["-pager", "-port", "-prod", "-protocol=tcp", "-print-defaults"])
def test_an_option_that_starts_with_p_is_no_password(option: str) -> None:
    argv = ["mariadb", option]
    assert redact(argv) is argv
    assert redact(["mariadb", "-pw1nd-mill"]) == ["mariadb", "-p[REDACTED]"]


def test_what_is_wrong_with_a_password_is_no_password() -> None:
    told = {"password": ["This password is too short. It must have at least 12 characters."]}
    assert redact(told) is told
    assert redact({"password": ["w1nd-mill"]}) == {"password": ["[REDACTED]"]}


def test_a_word_that_a_parser_read_is_no_secret() -> None:
    read = {"type": "token", "content": "while"}
    assert redact(read) is read
    assert redact({"type": "password", "content": "while"}) == {"type": "password", "content": "[REDACTED]"}
