# ruff: noqa: E501, RUF001 - words of the world's languages
"""A password's name in the languages of the world hides any value; a key's name lets the path of a file stand."""

import json

import pytest

from narration_core.redaction import RedactionPolicy, Redactor, redact
from narration_core.redaction._secret_names import Verdict, judge

pytestmark = pytest.mark.req("NARR-3009")

SECRET = "Tr4-verse9Wm"
WORDS = (
    "contraseña, clave, senha, palavra-passe, mot de passe, motDePasse, mdp, parola, wachtwoord, adgangskode, kodeord, passord, lösenord, salasana, lykilorð, parool, "
    "slaptažodis, hasło, heslo, geslo, lozinka, лозинка, пароль, Пароль, ПАРОЛЬ, паролем, парола, jelszó, jelszava, parolă, fjalëkalimi, κωδικός, şifre, Şifre, şifrə, "
    "құпиясөз, нууц үг, პაროლი, գաղտնաբառ, סיסמה, كلمة المرور, كلمة السر, رمز عبور, گذرواژه, पासवर्ड, পাসওয়ার্ড, கடவுச்சொல், รหัสผ่าน, ລະຫັດຜ່ານ, mật khẩu, kata sandi, "
    "zaporka, geheimwort, focal faire, ਪਾਸਵਰਡ, パスコード, mật mã, құпия сөз, haslo, пароль доступа, passwuert, nenosiri, 密码, 密碼, 口令, パスワード, 暗証番号, 비밀번호, 암호, contrasenya, pasahitza, contrasinal, cyfrinair, wagwoord, kennwort, passwort"
).split(", ")
ENDINGS = (
    "password passwordField inputPassword txtPassword password_text passwordValue password_confirmation newPassword password2 DB_PASSWORD "
    "db.password db-password ctl00$txtPassword pword passwrd pasword psswd sshpass storepass userPwd SA_PWD"
).split()
KEYS = (
    "DATABASE_URL secret client_secret apiKey private-key credentials mfa_code pinCode recovery_codes security_answer seed_phrase SESSION_COOKIE JSESSIONID "
    "mnemonicPhrase scratch_codes gate_code conn_str verifier aspsessionidqq remember-me PHPSESSID ASP.NET_SessionId connect.sid activation_code ConnectionStrings__Default code_verifier"
).split()
ODD = (
    "hunter", "p", "true", "secret", "changeme", "Password1", "xxxxxx9", "$ecretVexil", "<Vexil93Tz", "`Vexil93Tz", "8.41.77", "the_blue_key", "my-dog-secret",
    "config.vexil93", "self.vexil93", "env:vexil93", "op:vexil93", "/vexil/93", "TestField", "vexil93()", "Correct horse battery staple.", "not vexil93",
)  # fmt: skip
PLACEHOLDERS = (
    "$DB_PASSWORD", "${DB_PASSWORD}", "${{ secrets.DB }}", "{{ db_password }}", "<password>", "***", "••••", "%(password)s", "%s", "$1", ":password", "[REDACTED]", "[FILTERED]",
    "(sensitive value)", "",
)  # fmt: skip


@pytest.fixture(scope="module", params=["hyperscan", "ahocorasick"])
def redactor(request: pytest.FixtureRequest) -> Redactor:
    return Redactor(RedactionPolicy(engine=request.param))


@pytest.mark.parametrize("name", [*WORDS, *ENDINGS, *KEYS])
@pytest.mark.parametrize("form", ["user=ann {}: {}", "user=ann {}={} port=1"])
def test_a_secret_name_in_text_hides_its_value(name: str, form: str, redactor: Redactor) -> None:
    assert SECRET[:6] not in redactor.text(form.format(name, SECRET))


@pytest.mark.parametrize("name", [*WORDS, *ENDINGS, *KEYS])
def test_a_secret_name_in_an_event_hides_its_value(name: str, redactor: Redactor) -> None:
    assert redactor.value({name: SECRET}) == {name: "[REDACTED]"}


@pytest.mark.parametrize("value", ODD)
def test_a_passwords_name_hides_any_value(value: str, redactor: Redactor) -> None:
    assert redactor.value({"password": value}) == {"password": "[REDACTED]"}
    text = redactor.text(json.dumps({"user": "ann", "password": value}))
    assert text == '{"user": "ann", "password": "[REDACTED]"}'


@pytest.mark.parametrize(
    "value",
    [
        "hunter",
        "true",
        "secret",
        "Password1",
        "8.41.77",
        "env:vexil93",
        "/vexil/93",
        "vexil93()",
        "correct horse battery staple",
        "not vexil93",
    ],
)
def test_a_password_in_a_line_of_pairs_is_hidden_to_its_end(value: str, redactor: Redactor) -> None:
    assert redactor.text(f"login user=ann password={value} port=1") == "login user=ann password=[REDACTED] port=1"


@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_exactly_a_placeholder_stays(value: str, redactor: Redactor) -> None:
    assert redactor.value({"password": value}) == {"password": value}
    text = json.dumps({"password": value}, ensure_ascii=False)
    assert redactor.text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "private_key=/etc/ssl/key.pem", "client_secret: /run/secrets/client", "credentials=~/.aws/credentials", "PWD=/home/ann OLDPWD=/var/lib", "NOPASSWD: ALL", "has_password=false",
        "password: must be at least 8 characters", "password: expired", "passphrase: yes", "password is required", "password=None", "secret: rotated every month",
        "parole: the officer", "密码错误", "DATABASE_URL=postgres://db.internal:5432/shop", "reset_link=https://example.org/reset",
    ],
)  # fmt: skip
def test_what_is_no_secret_under_such_a_name_stays(text: str, redactor: Redactor) -> None:
    assert redactor.text(text) == text


@pytest.mark.parametrize(
    "text", ["password：{}", "ｐａｓｓｗｏｒｄ={}", "pass\u200bword={}", "pаssword={}", "密码：{}"]
)
def test_both_engines_see_letters_beyond_ascii(text: str, redactor: Redactor) -> None:
    assert SECRET[:6] not in redactor.text(text.format(SECRET))


def test_verdicts_tell_passwords_from_keys() -> None:
    assert judge("db_password") is Verdict.PASSWORD
    assert judge("client_secret") is Verdict.STRONG
    assert judge("passwordField") is Verdict.MEDIUM
    assert judge("bypass") is Verdict.SAFE


@pytest.mark.parametrize(
    "word",
    ["senha", "geslo", "heslo", "passe", "mdp", "parol", "hasło", "şifrə", "salasana", "пароль", "κωδικός πρόσβασης"],
)
@pytest.mark.parametrize("front", ["", "db_", "my-", "user."])
def test_the_last_word_of_a_name_in_any_language(front: str, word: str) -> None:
    name = f"{front}{word}"
    assert redact({name: "x-7Zk"}) == {name: "[REDACTED]"}
    for form in ("{}=x-7Zk9Qm", "{}: x-7Zk9Qm", '{{"{}": "x-7Zk9Qm"}}', "{}\uff1ax-7Zk9Qm"):
        assert "x-7" not in redact(form.format(name)), form


@pytest.mark.parametrize("joint", "_-")
@pytest.mark.parametrize("phrase", ["kata laluan", "mật khẩu", "كلمة المرور", "رمز عبور"])
def test_a_phrase_as_a_name_has_no_blanks(phrase: str, joint: str) -> None:
    name = phrase.replace(" ", joint)
    for form in ("{}=x-7Zk9Qm", "db {}: x-7Zk9Qm", '{{"{}": "x-7Zk9Qm"}}', "new_{}=x-7Zk9Qm"):
        assert "x-7" not in redact(form.format(name)), form


def test_a_word_with_joiners_that_nobody_sees() -> None:
    for word in ("പാസ്\u200cവേഡ്", "పాస్\u200cవర్డ్"):
        for name in (word, word.replace("\u200c", "")):
            assert "x-7" not in redact(f"{name}\uff1ax-7Zk9Qm")


@pytest.mark.parametrize("value", ["token", "bearer", "new-pass", "self.pass1", "return2me"])
def test_a_word_that_introduces_a_value_or_code_is_a_password_like_any_other(value: str) -> None:
    assert redact(f"login password={value} port=1") == "login password=[REDACTED] port=1"


@pytest.mark.parametrize(
    "name",
    ["clave de acceso", "chave secreta", "chiave API", "clé d'API", "API-Schlüssel", "ключ API", "секретный ключ", "klucz api"],
)  # fmt: skip
def test_a_key_in_any_language_hides_what_looks_random(name: str, redactor: Redactor) -> None:
    key = "q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ"
    assert key[:8] not in redactor.text(f"user=ann {name}: {key}")
    assert redactor.value({name: key}) == {name: "[REDACTED]"}


def test_only_what_is_random_is_hidden_under_a_word_for_any_key(redactor: Redactor) -> None:
    for name in ("Schlüssel", "llave", "chave", "ключ", "klíč", "jeton", "geheim"):
        assert redactor.value({name: "q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ"}) == {name: "[REDACTED]"}
        cached = {name: "users:42:profile"}
        assert redactor.value(cached) is cached


@pytest.mark.parametrize(
    "text",
    [
        "Schlüssel: users:42:profil",
        "ключ: users:42",
        "llave: pedido",
        "chave primária: id_pedido",
        "geheim: nein",
        "jeton: expiré",
    ],
)
def test_a_key_of_a_cache_or_a_table_stays_in_any_language(text: str, redactor: Redactor) -> None:
    assert redactor.text(text) is text


@pytest.mark.parametrize(
    "name",
    [
        "senhaAtual",
        "MotDePasseConfirmation",
        "motDePasseActuel",
        "nueva_clave_2",
        "hasłoUżytkownika",
        "ПарольПользователя",
    ],
)
def test_a_password_in_any_language_goes_on_in_its_name(name: str, redactor: Redactor) -> None:
    assert redactor.value({name: SECRET}) == {name: "[REDACTED]"}
    told = {f"{name}Länge": "3", "senhaStatus": "Tr4-verse9Wm"}
    assert redactor.value(told) is told


def test_half_of_a_roles_credential_is_hidden_and_a_secrets_name_stays(redactor: Redactor) -> None:
    role = "3b1c9e52-7d4f-4a86-9c0e-5f2a8b6d1e73"
    assert redactor.value({"secret_id": role}) == {"secret_id": "[REDACTED]"}
    named = {"secret_id": "prod/app/db"}
    assert redactor.value(named) is named
