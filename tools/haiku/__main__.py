"""Train the bundled model, export it, check it, and print the figures for its model card."""

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

from tools.haiku import corpus, export, tokenizer, training, verify

TARGET = Path(__file__).resolve().parents[2] / "worker" / "narration_worker" / "models" / "haiku-1m-q8_0.gguf"


def main() -> int:
    """Build the model; return 0 if every check passes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--steps", type=int, default=training.STEPS)
    options = parser.parse_args()

    requests = [request for topic in corpus.ENGLISH for request in topic.names]
    pieces = tokenizer.learn(
        [*sorted(corpus.answers()), *("Write a haiku about , please short poem haiku:" for _ in range(40)), *requests]
    )
    network, loss = training.train(pieces, options.steps)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    export.write(network, pieces, options.out, "q8_0")
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / "f32.gguf"
        export.write(network, pieces, exact, "f32")
        model = verify.load(exact)
        verify.token_parity(model, pieces)
        f32 = verify.logit_difference(model, network, pieces)
    model = verify.load(options.out)
    q8 = verify.logit_difference(model, network, pieces)
    known = corpus.answers()
    tries = [verify.generate(model, verify.PROMPTS[0], seed, 0.7) for seed in range(50)]
    shaped = sum(map(verify.three_lines, tries))
    memorised = sum(text.strip() in known for text in tries)
    lines = [
        f"parameters {parameters}, vocabulary {pieces.size}, loss {loss:.3f}",
        f"largest logit difference: f32 {f32:.2e}, q8_0 {q8:.2e}",
        f"temperature 0.7, 50 seeds: {shaped} with three lines, {memorised} memorised, {len(set(tries))} different",
        f"bytes {options.out.stat().st_size}, sha256 {hashlib.sha256(options.out.read_bytes()).hexdigest()}",
    ]
    for prompt in verify.PROMPTS:
        lines += [f"{prompt!r} at temperature 0:", verify.generate(model, prompt, 1, 0.0)]
    sys.stdout.write("\n".join(lines) + "\n")
    again = verify.generate(model, verify.PROMPTS[0], 1, 0.0)
    good = verify.three_lines(again) and f32 < 1e-3 and shaped >= 48  # noqa: PLR2004 - figures of the model card
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
