"""Code hosts, package registries, build and delivery services."""

from typing import Final

from narration_core.redaction._checks import noisy, placeholder, random_looking
from narration_core.redaction._rule import HEX, WIDE, Rule, made_up, prefixed

RULES: Final[tuple[Rule, ...]] = (
    prefixed("open-vsx-token", "ovsxp_", least=30, source="Open VSX documentation, access tokens"),
    prefixed(
        "github-token",
        "ghp_ gho_ ghu_ ghs_ ghr_",
        least=16,
        body=r"[\w.\-]",
        source="GitHub documentation, token formats",
    ),
    prefixed(
        "github-fine-grained-pat", "github_pat_", least=20, body=r"\w", source="GitHub documentation, token formats"
    ),
    prefixed(
        "gitlab-token",
        "glpat- gldt- glsoat- glimt- glptt- glagent- gloas- glrt- glrtr- glcbt- glft- glffct- glwt- glsat- glimt_ GR1348941",
        least=15,
        body=r"[\w.\-]",
        source="GitLab documentation, token prefixes",
    ),
    Rule(
        name="gitlab-session",
        pattern=r"(?P<s>_gitlab_session=\w{16,128}+)",
        literals=("_gitlab_session=",),
        examples=("_gitlab_session=" + made_up(32, 1), "cookie _gitlab_session=" + made_up(32, 2)),
        counterexamples=("_gitlab_session=", "_gitlab_session=short"),
        source="GitLab session cookie",
    ),
    prefixed(
        "bitbucket-token",
        "ATBB ATCTT3 ATATT3 ATOA",
        least=16,
        body=r"[\w\-=]",
        shapes=(r"AT(?:BB|OA)[\w\-=]{16}", r"AT(?:CT|AT)T3[\w\-=]{8}"),
        check=lambda v: random_looking(v, 16, 0.25),
        source="Atlassian documentation, API tokens",
    ),
    prefixed(
        "npm-token",
        "npm_",
        least=10,
        body=r"\w",
        edge=r"(?<![\w])",
        check=lambda v: len(v) >= 30 or any(c.isdigit() for c in v) or "xxxx" in v,
        source="npm documentation, access tokens",
    ),
    prefixed("pypi-token", "pypi-AgEI pypi-AgEN pypi-", least=32, source="PyPI documentation, API tokens"),
    prefixed("rubygems-token", "rubygems_", least=24, body=HEX, source="RubyGems guides, API key"),
    prefixed("clojars-token", "CLOJARS_", least=30, body=r"\w", source="Clojars wiki, deploy tokens"),
    prefixed(
        "crates-token",
        "cio",
        least=30,
        body=r"[A-Za-z0-9]",
        edge=r"(?<![\w])",
        shapes=(r"cio[A-Za-z0-9]{30}",),
        source="crates.io API tokens",
    ),
    prefixed(
        "nuget-token",
        "oy2",
        least=40,
        body=r"[a-z0-9]",
        edge=r"(?<![\w])",
        shapes=(r"oy2[a-z0-9]{40}",),
        examples=(
            "oy2" + "7zk2xw9lr4tn8vb3mc6jd1ph5gs0fyq4uk8ea2ib6oc",
            "key oy2" + "xw9lr4tn8vb3mc6jd1ph5gs0fyq4uk8ea2ib6oc9tde",
        ),
        source="NuGet API keys",
    ),
    prefixed(
        "docker-pat", "dckr_pat_ dckr_oat_ dckr_pkt_", least=20, source="Docker documentation, personal access tokens"
    ),
    prefixed(
        "artifactory-token",
        "AKCp AKC",
        least=9,
        body=r"[A-Za-z0-9]",
        edge=r"(?<![\w])",
        shapes=(r"AKC[A-Za-z0-9]{10}",),
        source="JFrog documentation, API key",
    ),
    Rule(
        name="artifactory-password",
        pattern=r"(?<![A-Za-z0-9+/])(?P<s>AP[\dABCDEF][A-Za-z0-9]{9,256}+)(?![A-Za-z0-9+/])",
        shapes=(r"AP[0-9A-F][A-Za-z0-9]{9}",),
        check=lambda value: random_looking(value, 12, 0.3) or "xxxx" in value,
        examples=("AP6" + made_up(40, 2), "password AP" + "B" + made_up(33, 5)),
        counterexamples=("APARTMENTS", "APIGATEWAYURL"),
        source="JFrog documentation, encrypted password",
    ),
    prefixed(
        "artifactory-reference-token",
        "cmVmd",
        least=40,
        body=r"[A-Za-z0-9+/=\-_]",
        source="JFrog documentation, reference tokens",
    ),
    prefixed("circleci-token", "CCIPAT_ CCIPRJ_", least=20, source="CircleCI documentation, API tokens"),
    prefixed(
        "buildkite-token",
        "bkua_ bkct_ bkaj_ bkpi_ bkpt_",
        least=20,
        body=r"[A-Za-z0-9_]",
        source="Buildkite documentation, token formats",
    ),
    prefixed(
        "sourcegraph-token",
        "sgp_ slk_ sgd_ sgw_ sgs_",
        least=32,
        edge=r"(?<![\w])",
        source="Sourcegraph documentation, access tokens",
    ),
    prefixed("postman-token", "PMAK- PMAT-", least=16, source="Postman documentation, API keys"),
    prefixed(
        "readme-token",
        "rdme_",
        least=30,
        body=r"[a-z0-9_]",
        examples=(
            "rdme_" + "xn8s9h7zk2xw9lr4tn8vb3mc6jd1ph5gs0fyq4uk8ea2ib6",
            "key rdme_" + "7zk2xw9lr4tn8vb3mc6jd1ph5gs0fyq4uk8ea2",
        ),
        source="ReadMe API keys",
    ),
    prefixed("pulumi-token", "pul-", least=30, body=HEX, source="Pulumi documentation, access tokens"),
    Rule(
        name="terraform-cloud-token",
        pattern=r"(?P<s>(?<![A-Za-z0-9])[A-Za-z0-9]{10,20}\.atlasv1\.[\w\-=]{30,128}+)",
        literals=(".atlasv1.",),
        examples=("kQ7Zk2Xw9Lr4Tn.atlasv1." + made_up(66, 3), "token " + made_up(14, 2) + ".atlasv1." + made_up(60, 4)),
        counterexamples=(".atlasv1.", "abc.atlasv1.short"),
        source="HCP Terraform documentation, API tokens",
    ),
    prefixed("prefect-token", "pnu_ pnb_", least=30, body=r"[A-Za-z0-9]", source="Prefect documentation, API keys"),
    prefixed("scalingo-token", "tk-us- tk-fr- tk-eu-", least=30, source="Scalingo documentation, API tokens"),
    prefixed("heroku-token", "HRKU-", least=30, source="Heroku platform API, tokens"),
    prefixed(
        "vercel-token", "vcp_ vci_ vca_ vcr_ vck_ vercel_blob_rw_", least=20, source="Vercel documentation, tokens"
    ),
    prefixed("netlify-token", "nfp_ nfc_ nfo_ nfb_ nfu_", least=30, source="Netlify documentation, access tokens"),
    prefixed(
        "flyio-token",
        "fo1_ fm1_ fm1a_ fm1r_ fm2_",
        least=24,
        body=r"[\w\-+/=,]",
        most=4096,
        source="Fly.io documentation, tokens",
    ),
    prefixed(
        "render-token",
        "rnd_",
        least=24,
        edge=r"(?<![\w])",
        body=r"[A-Za-z0-9]",
        check=lambda v: random_looking(v, 24, 0.3),
        source="Render documentation, API keys",
    ),
    prefixed(
        "doppler-token",
        "dp.pt. dp.ct. dp.st. dp.sa. dp.scim. dp.audit. dp.said.",
        least=30,
        body=r"[\w.]",
        source="Doppler documentation, token formats",
    ),
    prefixed("infracost-token", "ico-", least=28, body=r"[A-Za-z0-9]", source="Infracost API keys"),
    prefixed("openshift-token", "sha256~", least=32, source="OpenShift documentation, OAuth tokens"),
    prefixed(
        "octopus-deploy-token",
        "API-",
        least=25,
        body=r"[A-Z0-9]",
        edge=r"(?<![\w\-])",
        shapes=(r"API-[A-Z0-9]{25}",),
        examples=("API-" + "Q7ZK2XW9LR4TN8VB3MC6JD1PH5", "key API-" + "X9LR4TN8VB3MC6JD1PH5GS0FYQ"),
        source="Octopus Deploy documentation, API keys",
    ),
    prefixed("sonar-token", "squ_ sqp_ sqa_ sqs_", least=30, body=r"\w", source="SonarQube documentation, tokens"),
    prefixed("snyk-token", "snyk_uat. snyk_sat.", least=24, body=WIDE, source="Snyk documentation, tokens"),
    prefixed(
        "launchdarkly-token",
        "api- sdk- mob- rel-",
        least=30,
        source="LaunchDarkly documentation, keys",
        shapes=(r"(?:api|sdk|mob|rel)-[0-9a-z]{8}-[0-9a-z]{4}-",),
        body=r"[0-9a-z\-]",
        check=lambda v: noisy(v, 0.3),
        edge=r"(?<![\w\-])",
        examples=("sdk-" + "7a1f9c04-e5b8-4263-90fa-9e17c8d5b263", "key api-" + "0e9f4a71-8c2d-4b5e-a1f9-c04e5b8d2634"),
    ),
    prefixed(
        "chromatic-token",
        "chpt_ chp_",
        least=12,
        body=r"[a-z0-9]",
        edge=r"(?<![\w])",
        source="Chromatic documentation, project tokens",
    ),
    prefixed(
        "adafruit-io-key",
        "aio_",
        least=24,
        body=r"[A-Za-z0-9]",
        edge=r"(?<![\w])",
        source="Adafruit IO documentation, API keys",
    ),
    prefixed("depot-token", "depot_project_ depot_org_", least=32, source="Depot tokens"),
    prefixed("jetbrains-token", "perm:", least=30, body=r"[\w+/=.\-]", source="JetBrains Hub permanent tokens"),
    prefixed(
        "packagist-token",
        "packagist_ort_ packagist_out_ packagist_uut_",
        least=32,
        body=HEX,
        source="Private Packagist documentation, tokens",
    ),
    prefixed(
        "infisical-token",
        "st.",
        least=40,
        body=r"[\w.\-]",
        edge=r"(?<![\w.])",
        shapes=(r"st\.[0-9a-f]{24}\.[0-9a-f]{32}",),
        examples=(
            "st."
            + made_up(24, 2, hexadecimal=True)
            + "."
            + made_up(32, 3, hexadecimal=True)
            + "."
            + made_up(32, 4, hexadecimal=True),
            "token st."
            + made_up(24, 5, hexadecimal=True)
            + "."
            + made_up(32, 6, hexadecimal=True)
            + "."
            + made_up(16, 1, hexadecimal=True),
        ),
        source="Infisical documentation, service tokens",
    ),
    prefixed(
        "gitlab-other-token",
        "glcbt- gltok- gloas- glffct- glimt- gldt-",
        least=16,
        source="GitLab documentation, token prefixes",
    ),
    Rule(
        name="bundler-credentials",
        pattern=r"\bBUNDLE_[A-Z0-9_]{1,80}__[A-Z]{2,12}[\"']?\s{0,2}[=:]\s{0,2}[\"']?(?P<s>[^\s\"':@/]{2,64}:[^\s\"'@/]{3,128}|[^\s\"':@/]{16,128})",
        literals=("BUNDLE_",),
        check=lambda value: not placeholder(value),
        examples=(
            "BUNDLE_GEMS__EXAMPLE__ORG=ann:qu1et-corner",
            'BUNDLE_RUBYGEMS__PKG__EXAMPLE__COM: "ann:' + made_up(20, 3) + '"',
        ),
        counterexamples=("BUNDLE_PATH=vendor/bundle", "BUNDLE_GEMFILE: Gemfile"),
        source="Bundler manual, credentials for gem sources",
    ),
)
