EXTRA_DIST += %D%/report.png %D%/threat-model.md
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
