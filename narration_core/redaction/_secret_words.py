# ruff: noqa: RUF001 - words of the world's languages
"""The words that say "password" or "secret" in the world's languages, and names that programs give to sessions: data for `_secret_names`."""

import re
import unicodedata
from functools import cache
from typing import Final

PASSWORD_WORDS: Final = frozenset(
    (
        "password passwords passwd passwort passphrase passphrases passcode pwd pswd passw pass psw pw pword passwrd psswd pasword psword pswrd passwrod passw0rd pwrd pa55word pa55wd pass0rd "
        "userpass dbpass rootpw bindpw userpw dbpw adminpw pgpassword requirepass masterauth sshpass authtok rediscliauth psksecret wpapsk enablepw"
    ).split()
)
"""A password's name hides any value."""

# A phrase is written without blanks here, as names are; see `foreign_password`.
_FOREIGN: Final[dict[str, str]] = {
    "Afrikaans": "wagwoord",
    "Albanian": "fjalëkalimi fjalëkalim",
    "Amharic": "የይለፍቃል",
    "Arabic": "كلمةالمرور كلمةالسر كلمةسر",
    "Armenian": "գաղտնաբառ",
    "Azerbaijani": "şifrə parol",
    "Basque": "pasahitza pasahitz",
    "Bengali": "পাসওয়ার্ড",
    "Bulgarian, Macedonian, Romanian, Turkish": "парола parolă лозинка",
    "Burmese": "စကားဝှက်",
    "Catalan": "contrasenya",
    "Chinese": "密码 密碼 口令 通行码",
    "Croatian, Serbian, Bosnian": "lozinka zaporka",
    "Czech, Slovak": "heslo",
    "Danish": "adgangskode kodeord",
    "Dutch": "wachtwoord toegangscode",
    "Esperanto": "pasvorto",
    "Estonian": "salasõna parool",
    "Finnish": "salasana tunnussana",
    "French": "motdepasse mdp passe",
    "Galician": "contrasinal",
    "Georgian": "პაროლი",
    "German": "passwort kennwort zugangscode geheimwort losungswort",
    "Greek": "κωδικός συνθηματικό κωδικόςπρόσβασης",
    "Gujarati": "પાસવર્ડ",
    "Hebrew": "סיסמה סיסמא ססמה",
    "Hindi, Marathi, Nepali": "पासवर्ड कूटशब्द",
    "Hungarian": "jelszó",
    "Icelandic": "lykilorð aðgangsorð",
    "Indonesian, Malay": "katasandi katalaluan",
    "Irish, Scottish": "pasfhocal focalfaire facalfaire",
    "Italian": "parolad'ordine parolachiave",
    "Japanese": "パスワード 暗証番号 合言葉 パスコード",
    "Kannada": "ಪಾಸ್ವರ್ಡ್",
    "Kazakh, Kyrgyz": "құпиясөз сырсөз",
    "Khmer": "ពាក្យសម្ងាត់",
    "Korean": "비밀번호 패스워드 암호",
    "Lao": "ລະຫັດຜ່ານ",
    "Lithuanian": "slaptažodis",
    "Luxembourgish": "passwuert",
    "Malayalam": "പാസ്‌വേഡ്",
    "Mongolian": "нууцүг",
    "Norwegian": "passord",
    "Odia": "ପାସୱାର୍ଡ",
    "Pashto": "پټنوم",
    "Persian": "رمزعبور گذرواژه کلمهعبور",
    "Polish": "hasło haslo",
    "Portuguese": "senha palavrapasse",
    "Punjabi": "ਪਾਸਵਰਡ",
    "Russian, Belarusian, Ukrainian": "пароль парольдоступа парольпользователя",
    "Sinhala": "මුරපදය",
    "Slovenian": "geslo",
    "Spanish": "contraseña",
    "Swahili": "nenosiri",
    "Swedish": "lösenord lösen",
    "Tamil": "கடவுச்சொல்",
    "Telugu": "పాస్‌వర్డ్",
    "Thai": "รหัสผ่าน",
    "Turkish": "şifre şifreniz şifren parolanız",
    "Urdu": "پاسورڈ",
    "Uzbek": "maxfiyso'z maxfiyso‘z maxfiysoʻz maxfiyso’z",
    "Vietnamese": "mậtkhẩu mậtmã",
    "Welsh": "cyfrinair",
}
# With blanks, as text has them.
_PHRASES: Final = (
    "كلمة المرور, كلمة السر, كلمة سر, mot de passe, κωδικός πρόσβασης, kata sandi, kata laluan, parola d'ordine, "
    "нууц үг, رمز عبور, کلمه عبور, palavra passe, palavra-passe, پاس ورڈ, mật khẩu, mật mã, የይለፍ ቃል, құпия сөз, focal faire, facal faire, "
    "пароль доступа, пароль пользователя"
)

# With blanks, as text has them: keys and codes that only their second word tells from others.
_KEY_PHRASES: Final = (
    "clave de acceso, clave secreta, clave privada, clave api, clave de api, chave de acesso, chave secreta, chave privada, chave api, chave de api, "
    "chiave segreta, chiave privata, chiave di accesso, chiave api, clé api, clé d'api, clé d’api, clé secrète, clé privée, clé d'accès, clé d’accès, "
    "api-schlüssel, api sleutel, ключ api, секретный ключ, приватный ключ, закрытый ключ, ключ доступа, klucz api, klucz prywatny, tajny klucz, klíč api, "
    "api nyckel, api-nyckel, api nøgle, api-nøgle, api anahtarı, gizli anahtar, api キー, apiキー"
)
_KEYS_AS_ONE_WORD: Final = frozenset(re.sub(r"[ \-'’]", "", phrase) for phrase in _KEY_PHRASES.split(", "))
FOREIGN_SECRETS: Final = _KEYS_AS_ONE_WORD | frozenset(
    "секрет 密钥 密鑰 秘密鍵 私钥 私鑰 秘钥 验证码 驗證碼 認証コード 确认码 인증번호 인증코드 비밀키 geheimnis".split()
)
"""Keys and codes: a file path may stand under one of these names."""
FOREIGN_TOKENS: Final = frozenset("clave parola parole sandi losung jeton geheim токен 令牌 トークン 토큰".split())
"""Words with other meanings as well: a plain word may stand under one of these names."""
FOREIGN_KEYS: Final = frozenset(
    "schlüssel llave chave chiave sleutel ключ klíč klucz nyckel nøgle anahtar 钥匙 鍵".split()
)
"""Words for keys of any kind: in an event only what looks random is a secret under one of these names; a text is not searched for them."""


# Of ASCII: small letters and digits, nothing else.
_LETTERS_AND_DIGITS: Final = {code: chr(code).lower() if chr(code).isalnum() else None for code in range(128)}


def folded(text: str) -> str:
    """Return a name without case, accents and what joins its words: `Mật khẩu` and `mat_khau` are one.

    Args:
        text: a name in any script.
    """
    if text.isascii():
        return text.translate(_LETTERS_AND_DIGITS)
    plain = unicodedata.normalize("NFKD", text.casefold())
    return plain if plain.isalnum() else "".join(filter(str.isalnum, plain))


_FOLDED: Final = frozenset(folded(word) for words in _FOREIGN.values() for word in words.split())
_LONG: Final = tuple(
    sorted(
        (word for word in _FOLDED if (len(word) > 4 or not word.isascii()) and not word.startswith("passwor")),
        key=len,
        reverse=True,
    )
)
_OTHER_WORDS: Final = frozenset("parole parolee parolees paroles parolier".split())
# What a language hangs on a noun: cases, articles, "my"; and "is" in Chinese.
LONGEST_ENDING: Final = 3


def foreign_password(name: str) -> bool:
    """Tell whether a name says "password" in one of the world's languages, whatever its ending, accents and case.

    Args:
        name: a name of at most some hundred characters.
    """
    whole = folded(name)
    if whole in _FOLDED:
        return True
    if (whole.isascii() and len(whole) < 6) or whole in _OTHER_WORDS:
        return False
    return _inflected(ascii_only=whole.isascii()).search(whole) is not None


def foreign_words() -> frozenset[str]:
    """Return the words that say "password" when they are all of a name, folded."""
    return _FOLDED


def foreign_stems() -> dict[str, int]:
    """Return what the words' forms start with, each with how many characters may follow it at most."""
    stems: dict[str, int] = {}
    for word in _LONG:
        stem = word[:-1] if word[0] < "\u0530" and len(word) > 4 else word
        if len(stem) > 4 or not stem.isascii():
            stems[stem] = LONGEST_ENDING if stem[0] < "\u3000" else 1
    return stems


@cache
def _inflected(*, ascii_only: bool) -> re.Pattern[str]:
    """Return the pattern of a word with an ending: one search, because every new name in a text is judged."""
    stems = {stem: most for stem, most in foreign_stems().items() if stem.isascii() or not ascii_only}
    return re.compile("|".join(f"{re.escape(stem)}.{{0,{most}}}\\Z" for stem, most in stems.items()), re.DOTALL)


def _unaccented(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def foreign_spellings() -> frozenset[str]:
    """Return every spelling to look for in text: as the table has it, with a capital letter, in capitals, without accents."""
    plain = {word for words in _FOREIGN.values() for word in words.split()} | set(_PHRASES.split(", "))
    plain |= (FOREIGN_SECRETS - _KEYS_AS_ONE_WORD) | (FOREIGN_TOKENS - {"parole", "jeton", "geheim"})
    plain |= {*_KEY_PHRASES.split(", ")}
    plain |= {_unaccented(word) for word in plain if word[0] < "\u0370"}
    # As names have them, which hold no blanks.
    phrases = {phrase for phrase in plain if " " in phrase}
    keys = {*_KEY_PHRASES.split(", ")}
    keys |= {_unaccented(phrase) for phrase in keys}
    plain |= {phrase.replace(" ", "_") for phrase in phrases} | {phrase.replace(" ", "-") for phrase in phrases - keys}
    # As they are once what nobody sees is gone.
    plain |= {word.replace("\u200c", "").replace("\u200d", "") for word in plain}
    # Russian and its neighbours decline: what all cases share.
    plain |= {"парол", "hasł", "лозинк", "jelsz"}
    spellings = {spelling for word in plain for spelling in (word, word.capitalize(), word.upper())}
    # What starts with another one is found with it.
    stems = {spelling for spelling in spellings if len(spelling.encode()) > 6}
    return frozenset(
        spelling
        for spelling in spellings
        if " " in spelling or not any(spelling[:size] in stems for size in range(3, len(spelling)))
    )


SESSION_NAMES: Final = (
    "phpsessid jsessionid asp.net_sessionid aspsessionid .aspxauth .aspnetcore.session .aspnetcore.cookies .aspnet.applicationcookie "
    "connect.sid express.sid sails.sid koa.sess koa:sess laravel_session ci_session symfony_session rack.session play_session "
    "wordpress_logged_in wordpress_sec user_session __host-user_session_same_site _session_token remember_user_token "
    "remember_token next-auth.session-token __secure-next-auth.session-token authjs.session-token authelia_session grafana_session "
    "grafana_sess jenkins_sessionid jsessionid.sso sessionkey cakephp zenid oscsid xf_session xf_user bb_sessionhash "
    "__secure-1psid __secure-3psid sapisid apisid hsid ssid li_at ct0 reddit_session sb-access-token sb-refresh-token csrftoken xsrf-token "
    "_csrf _xsrf __requestverificationtoken .antiforgery adminer_sid phpmyadmin pma_pass roundcube_sessid roundcube_sessauth "
    "mod_auth_openidc_session oauth2_proxy _oauth2_proxy keycloak_session keycloak_identity auth_session_id kc_restart vaadin_sessionid "
    "dsautosession sap_sessionid mysapsso2 smsession iplanetdirectorypro lt_pa_token ltpatoken ltpatoken2 shiro.sid sid.sig session.sig remember-me rememberme _session_id x-session-id cftoken"
).split()
"""Names of cookies that are a session; what they hold signs in."""
