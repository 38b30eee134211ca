# prefixyarn from this checkout, and what it needs, as pinned; run by Snakemake in the new environment.
# Pins: 620d550ac29f2422722a30da93652a41a05e6e114a687a8f286fc3fb58f090b4  constraints.txt. With other pins this line changes, and with it the environment is built again.
python -m pip install --quiet --constraint constraints.txt --editable .
