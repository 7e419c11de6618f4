"""Secrets in text, in the shapes that logs have. All of them are made up."""

import pytest

from narration_core.redaction import RedactionPolicy, Redactor, redact
from narration_core.redaction._spans import OVERLAP, WINDOW

pytestmark = pytest.mark.req("NARR-3001", "NARR-3002", "NARR-3004", "NARR-3005", "NARR-3009")

SECRET = "q7Zk2Xw9" + "Lr4Tn8Vb3Mc6"
PEM_BODY = "\n".join(("MIIE" + "madeUpByHand0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgh") * 1 for _ in range(6))
BEGIN, END = "-----BEGIN " + "RSA PRIVATE KEY-----", "-----END " + "RSA PRIVATE KEY-----"

SHAPES = (
    "password={}",
    "password: {}",
    'password = "{}"',
    "password => '{}'",
    "Password:={}",
    '{{"password": "{}"}}',
    "{{'user': 'ann', 'password': '{}', 'port': 5432}}",
    '{{"body": "{{\\"password\\": \\"{}\\"}}"}}',
    "login ok user=ann secret={} latency_ms=12",
    "Authorization: Bearer {}",
    "authorization: {}",
    "headers: Authorization: Token {}, Accept: */*",
    'req.Header.Set("X-Api-Key", "{}")',
    "[('x-api-key', '{}'), ('accept', '*/*')]",
    "https://user:{}@host.example.org/path",
    "https://host.example.org/cb?state=ok&access_token={}&v=1",
    "deploy --user bob --password {} --region eu",
    "deploy --api-key={} now",
    "export SERVICE_TOKEN={}",
    "<apiToken>{}</apiToken>",
    "<secret>\n    {}\n</secret>",
    '<add key="DbPassword" value="{}" />',
    '{{"name": "DB_PASSWORD", "value": "{}"}}',
    "acme token - '{}'",
    "Server=db1;User Id=sa;Password={};Encrypt=true",
    "OperationalError: could not connect with password={} to db1",
    'var acmeToken string = "{}"',
    'System.setProperty("ACME_TOKEN", "{}")',
    "AccountName=x;AccountKey={};EndpointSuffix=y",
    "machine example.org login ann password {}",
    "curl -u svc:{} https://example.org",
    "postgresql+asyncpg://svc:{}@db1:5432/app",
    "aws_secret_access_key = {}",
    "the password is {}",
    'Config {{ host: "db", password: Some("{}"), port: 5432 }}',
    '["password"]=> string(20) "{}"',
    "| db_password | {} |",
    "env:\n  - name: DB_PASSWORD\n    value: {}\n",
    'variable "db_password" {{\n  default = "{}"\n}}',
    "db:\n  password: >-\n    {}\n",
    "<server><pwd>{}</pwd></server>",
    "smtp_pass_prod={}",
    "wifi_psk: {}",
    "the password for ann is {}",
    "new password set to {}",
    "mot de passe : {}",
    "contraseña: {}",
    "hasło: {}",
    "define( 'AUTH_KEY',      '{}' );",
    '(:password . "{}")',
    "/go?to=https%3A%2F%2Fa.example%2Fcb%3Faccess_token%3D{}%26n%3D1",
    "https://a.example/#sas={}",
    "Authorization: SomeScheme {}",
    "\x1b[36mpassword\x1b[0m=\x1b[35m{}\x1b[0m",
    "[\x1b[33mhvs.{}\x1b[0m]",
    "&quot;password&quot;:&quot;{}&quot;",
    "\\u0022password\\u0022:\\u0022{}\\u0022",
    "x=%22password%22%3A%22{}%22",
    "&lt;password&gt;{}&lt;/password&gt;",
    '<entry key="db.password">{}</entry>',
    "<key>ApiKey</key>\n<string>{}</string>",
    '[{{password,<<"{}">>}}]',
    "use the password “{}” today",
    "temp password → {}",
    "password for user ann: {}",
    "overriding api_key with {}",
    "hibernate.connection.password {}",
)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_secret_goes_and_the_rest_stays(shape: str) -> None:
    before, _, after = shape.partition("{}")
    before, after = before.replace("{{", "{").replace("}}", "}"), after.replace("{{", "{").replace("}}", "}")
    hidden = redact(f"{before}{SECRET}{after}")
    assert SECRET[:6] not in hidden
    assert SECRET[-6:] not in hidden
    assert "[REDACTED]" in hidden
    assert redact(hidden) is hidden
    for word in ("latency_ms=12", "port", "region", "state=ok", "Encrypt=true", "host.example.org", "to db1", "ann"):
        if word in shape:
            assert word in hidden


PLAIN_SHAPES = (
    ('["app", "--password", "{}"]', "meadow-falcon-42"),
    ("ALTER USER ann PASSWORD '{}'", "meadow-falcon-42"),
    ("CREATE USER ann IDENTIFIED BY '{}'", "meadow falcon"),
    ('bad password "{}" for ann', "meadow-falcon-42"),
    ("deploy --token={} now", "meadow_falcon42"),
    ("['docker', 'login', '-p', '{}', 'r.example.org']", "meadow-falcon-42"),
    ("['sshpass', '-p', '{}', 'ssh', 'ann@host']", "meadow-falcon-42"),
    ("['curl', '-u', 'ann:{}', 'https://a.example']", "meadow-falcon-42"),
    ("ENV SERVICE_API_KEY {}", "7a1f9c04e5b8d26340fa9e17c8d5b263"),
    ("SERVICE_API_KEY\t{}", "7a1f9c04e5b8d26340fa9e17c8d5b263"),
    ("the service_token is {}", "7a1f9c04e5b8d26340fa9e17c8d5b263"),
    ("[(b'cookie', b'theme=dark; JSESSIONID={}')]", "65338291768AEBF9"),
    ("map[Cookie:[PHPSESSID={}] Accept:[*/*]]", "x7rk8mtw42bql0b3"),
    ("*Password:* {}", "meadow-falcon-42"),
    ("<b>Password:</b> {}", "meadow-falcon-42"),
    ("Password (again): {}", "meadow-falcon-42"),
    ('let password: String = "{}"', "meadow-falcon-42"),
    ('api_key <- "{}"', "q7Zk2Xw9Lr4Tn8Vb3Mc6"),
    ('smtp_pass <- "{}"', "meadow-falcon-42"),
    ("credentials: secret_key_base: {}", "7a1f9c04e5b8d26340fa9e17c8d5b263"),
    ("secrets: db_password: {}", "meadow-falcon-42"),
    ('access_key->"{}"', "q7Zk2Xw9Lr4Tn8Vb3Mc6"),
    ('var dbPwd string = "{}"', "meadow-falcon-42"),
    ('password = new String("{}")', "meadow-falcon-42"),
    ('token = decrypt("{}")', "q7Zk2Xw9Lr4Tn8Vb3Mc6"),
    ('self.secret = base64.b64decode("{}")', "bWVhZG93LWZhbGNvbi00Mg"),
    ('password = os.getenv("DB_PW", "{}")', "meadow-falcon-42"),
    ('clientSecret = settings.get("oauth.secret", "{}")', "q7Zk2Xw9Lr4Tn8Vb3Mc6"),
    ('const apiToken = process.env.API_TOKEN || "{}"', "q7Zk2Xw9Lr4Tn8Vb3Mc6"),
    ('token = os.environ.get("TOKEN") or "{}"', "q7Zk2Xw9Lr4Tn8Vb3Mc6"),
    ('$pass = getenv("DB_PASS") ?: "{}"', "meadow-falcon-42"),
    ('DB_PASSWORD_TEST="{}"', "meadow-falcon-42"),
    ("SMTP_PASS_LOCAL={}", "meadow-falcon-42"),
    ("#define WIFI_PASS {}", "meadow-falcon-42"),
    ('#define SIM_CRED "{}"', "meadow-falcon-42"),
    ("ENV smtp_pwd {}", "meadow-falcon-42"),
    ('set dbpass "{}"', "meadow-falcon-42"),
    ('pass "{}"', "meadow-falcon-42"),
    ("java -Dcreds={} -jar app.jar", "q7Zk2Xw9Lr4Tn8Vb3Mc6"),
    ('.put("clientSecret", "{}")', "meadow42falcon"),
    ('datadog.init("{}")', "7a1f9c04e5b8d26340fa9e17c8d5b263"),
    ("moonpay: {}", "7a1f9c04e5b8d26340fa9e17c8d5b263"),
    ("this.key = '{}';", "q7Zk2Xw9Lr4Tn8Vb3Mc6"),
    ('{"password":{"value":"{}"}}', "meadow-falcon-42"),
    ('{"ParameterKey":"DBPassword","ParameterValue":"{}"}', "meadow-falcon-42"),
    ("api_key\n  String too short [type=string_too_short, input_value='{}', input_type=str]", "meadow falcon"),
)


@pytest.mark.parametrize(("shape", "secret"), PLAIN_SHAPES)
def test_a_secret_that_does_not_look_random_goes_as_well(shape: str, secret: str) -> None:
    hidden = redact(shape.replace("{}", secret))
    assert secret[-6:] not in hidden
    assert "[REDACTED]" in hidden
    assert hidden.startswith(shape[:4])


CLEAN = (
    "",
    "worker seven loaded the model in 12.4 s",
    "max_tokens=4096 token_count=512 prompt_tokens: 1523",
    "token bucket refilled: 100 tokens",
    "unexpected token: } at line 3",
    "unexpected token: 0x4f9d1954 at line 3",
    "api key rotated by admin",
    "the password policy requires 12 characters",
    "password: must be at least 12 characters",
    "secret_version=3 secret_name=db-main",
    "password=${DB_PASSWORD} token=<token> secret=****** key={{ key }}",
    "password=None token=null secret='' api_key=\"\"",
    "password = get_password(user)",
    "token = os.environ['TOKEN']",
    'password = os.environ.get("DB_PASSWORD", "")',
    'password = t("login.password", "Your password")',
    'password = raw.decode("utf8")',
    'secret_id = config.get("secret_id", "prod/app/db")',
    'const mode = process.env.AUTH_MODE || "oauth2"',
    'pwd "/home/ann2/app"',
    'creds "default2" loaded',
    'passwd = getpass.getpass("Enter password for %s at %s: " % (user, host))',
    "def ask(prompt='Password: ', stream=None):",
    'wait for the "password:" prompt and then send the line',
    "if (fields.indexOf('otp') !== -1) {",
    "pw = pw[:-1]",
    "PASSWORD_TEST: skipped",
    "#define AUTH_TIMEOUT 30s",
    "set key size2 to 4096",
    "java -DskipTests -Dsecret.name=app2",
    "session 966844aa-1384-41eb-8dde-6d082ac7e1da resumed",
    "commit 3c869c1be7f5c902fc9df5cf59bb65ef0e30bf24 on main",
    "sha256:826aaae82378b40c1164abd298f7b20a75ff42475ca4e1b2bd12a76bcf10e29d pulled",
    "traceparent 00-640b349e1d8158494e1cbfaef1f5ee98-35dd33fc86b3584a-01",
    "cloning git@git.example.org:org/repo.git",
    "emitted_by pool-managerd@0.4.1 on build@host01:/srv",
    "GET https://api.example.org/v1/users?page=2&limit=50 -> 200",
    "redis://cache:6379/0 ping ok",
    "ts=1772592095897 micros 1772071831442400 nanos=1772143693650832358",
    "order 2287700436269913 shipped",
    "cache_key=user:42:profile sort_key=created_at",
    "public key MIIB is fine, ssh-ed25519 AAAAC3 as well",
    "shard 12-34-56-78 balanced, part no. 671-7146-9152-74",
    "cookie consent banner shown",
    "risk-adjusted score, sk-learn style, task-7f3 finished",
    "keyboard=us monkey=x secretary=bob compass=n",
    'File "auth/token_store.py", line 10, in refresh_token',
    "def login(user, password): ...",
    "Basic authentication is off, bearer authentication is on",
    "token_type=bearer expires_in=3600",
    "пользователь вошёл, всё хорошо",
    '"tokens_in":12,"identity":"token:ab12cd"',
    "grant_type=client_credentials",
    "no private key found in /etc/keys",
    "primary_key=826aaae82378b40c1164abd298f7b20a75ff42475ca4e1b2bd12a76bcf10e29d",
    "cache restored from key: linux-pip-826aaae82378b40c1164abd298f7b20a75ff42475ca4e1b2bd12a76bcf10e29d",
    "next_page_token=eyJvZmZzZXQiOiA2OTA0N30=",
    "password=%(password)s token=%(token)s",
    "password = (sensitive value)",
    "password: !vault |",
    "api_key: SecretStr",
    "secretstorage==3.3.3",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    'Error: secret "db-main" not found in namespace prod',
    'resource "aws_secretsmanager_secret" "db" {',
    'fetch("/api", {credentials: "same-origin"})',
    "--- PASS: TestTokenRefresh (0.02s)",
    "PASS tests/test_auth2.py::test_login in 12 s",
    "X509v3 Subject Key Identifier: 9D:1E:C8:A8:2C:28:00:20:92:DA:1C:16:A2:EA:E4:C1:86:A0:C3:6A",
    "tx 0x826aaae82378b40c1164abd298f7b20a75ff42475ca4e1b2bd12a76bcf10e29d confirmed",
    "certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJtYWRlVXBCeUhhbmQ=",
    "serial 0001-2233-4455",
    "\x1b[36mtokens\x1b[0m=\x1b[35m42\x1b[0m \x1b[1mdone\x1b[0m",
    '<input type="password" id="pw" autocomplete="new-password">',
    '{"password":["This field is required."]}',
    "at Object.getSecret (/app/node_modules/aws-sdk/lib/secrets.js:42:11)",
    "ssh://git@github.com/acme/app.git icons/logo@2x.png",
    "--password is deprecated, use --password-file",
    "password: vault:db/app#pw",
    "usage: app [-h] --token TOKEN [--password PASSWORD]",
    "docker run -p 8080:80 -u 1000:1000 app",
)


@pytest.mark.parametrize("text", CLEAN)
def test_clean_text_is_the_same_object(text: str) -> None:
    assert redact(text) is text


PEMS = {
    "whole": f"{BEGIN}\n{PEM_BODY}\n{END}",
    "escaped": f"{BEGIN}\n{PEM_BODY}\n{END}".replace("\n", "\\n"),
    "twice escaped": f"{BEGIN}\n{PEM_BODY}\n{END}".replace("\n", "\\\\n"),
    "windows": f"{BEGIN}\n{PEM_BODY}\n{END}".replace("\n", "\r\n"),
    "one line": f"{BEGIN}\n{PEM_BODY}\n{END}".replace("\n", " "),
    "indented": f"{BEGIN}\n{PEM_BODY}\n{END}".replace("\n", "\n    "),
    "truncated": f"{BEGIN}\n{PEM_BODY[:200]}",
    "no header": f"{PEM_BODY}\n{END}",
    "encrypted": f"{BEGIN}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n{PEM_BODY}\n{END}",
    "quoted lines": f"{BEGIN}\n{PEM_BODY}\n{END}".replace("\n", '\\n" +\n"'),
    "openssh": f"{BEGIN}\n{PEM_BODY}\n{END}".replace("RSA", "OPENSSH"),
    "pgp": f"{BEGIN}\n\n{PEM_BODY}\n{END}".replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK"),
}


@pytest.mark.parametrize("pem", PEMS.values(), ids=list(PEMS))
def test_private_keys_in_all_their_broken_forms(pem: str) -> None:
    hidden = redact(f"key follows {pem}")
    assert "madeUpByHand" not in hidden
    assert "STUVWXYZabc" not in hidden
    assert hidden.startswith("key follows ")


def test_a_private_key_without_an_end_does_not_swallow_the_rest() -> None:
    hidden = redact(f"{BEGIN}\n{PEM_BODY}\n\nafter that the service started on port 8080 and all was well")
    assert "service started on port 8080" in hidden


def test_a_public_key_stays() -> None:
    pem = f"{BEGIN}\n{PEM_BODY}\n{END}".replace("RSA PRIVATE", "PUBLIC")
    assert redact(pem) is pem


@pytest.mark.parametrize("place", [0, WINDOW - OVERLAP - 8, WINDOW - OVERLAP, WINDOW - 8, WINDOW, 2 * WINDOW, 200_000])
def test_long_text_is_looked_at_in_overlapping_windows(place: int) -> None:
    filler = "all is well here. " * 12_000
    text = f"{filler[:place]} password={SECRET} {filler[place:]}"
    hidden = redact(text)
    assert SECRET not in hidden
    assert len(hidden) == len(text) - len(SECRET) + len("[REDACTED]")


def test_offsets_hold_when_lower_case_is_longer() -> None:
    assert redact(f"İİİ ŞİFRE password={SECRET} İ") == "İİİ ŞİFRE password=[REDACTED] İ"
    assert redact(f"пароль={SECRET} ok") == "пароль=[REDACTED] ok"


def test_lone_surrogates_and_odd_characters_hide_nothing() -> None:
    for odd in ("\ud800", "\x00", "\u202e", "\x1f", "😀"):
        assert SECRET not in redact(f"{odd}password={SECRET}{odd}")


def test_the_marker_never_repeats_the_secret_and_markers_are_left_alone() -> None:
    for policy in (
        None,
        RedactionPolicy(marker="rule"),
        RedactionPolicy(marker="fingerprint", fingerprint_key=b"k" * 16),
    ):
        once = redact(f"password={SECRET}", policy)
        assert SECRET[:4] not in once
        assert redact(once, policy) is once
    assert redact("password=[REDACTED]tail-of-it") == "password=[REDACTED]"


def test_counts_say_how_often_never_what() -> None:
    redactor = Redactor()
    redactor.text(f"password={SECRET} and mail to ann@example.org, bob@example.org")
    assert dict(redactor.counts) == {"secret-by-name": 1, "email": 2}
