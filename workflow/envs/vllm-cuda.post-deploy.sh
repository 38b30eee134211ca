# prefixyarn from this checkout, and what it needs, as pinned; run by Snakemake in the new environment.
# Pins: 5a02c1af1d00f8952d8ac97575ca09f531e7944f288a78feb4d9375a19ec950b  constraints.txt. With other pins this line changes, and with it the environment is built again.
python -m pip install --quiet --constraint constraints.txt --editable '.[pipeline]'
# vLLM, whose pins are others, in an environment of its own: prefixyarn.decode.vllm looks for it there.
python -m venv "$CONDA_PREFIX/vllm"
"$CONDA_PREFIX/vllm/bin/python" -m pip install --quiet --upgrade pip
"$CONDA_PREFIX/vllm/bin/python" -m pip install --quiet --group vllm
