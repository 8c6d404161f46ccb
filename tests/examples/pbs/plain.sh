echo "no directives at all: one core, $NCPUS"
