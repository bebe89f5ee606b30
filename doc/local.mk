EXTRA_DIST += %D%/report.png
dist_doc_DATA = \
	%D%/choosing-tolerances.md \
	%D%/how-a-number-comes-about.md \
	%D%/reading-a-failure.md \
	%D%/sizing-a-runner.md \
	%D%/threat-model.md
dist_man_MANS = %D%/build-mem.1
bashcompdir = $(datadir)/bash-completion/completions
dist_bashcomp_DATA = %D%/build-mem
schemadir = $(pkgdatadir)
dist_schema_DATA = \
	%D%/baseline.schema.json \
	%D%/compare.schema.json \
	%D%/config.schema.json \
	%D%/fit.schema.json \
	%D%/result.schema.json
