# make test    everything the tests need, then all of them
# make demo    the whole job on a real model and real documents: pairs, adapter, proof, index, search
# make sanitize  the lower floors' tests under the address and thread sanitizers (an hour)
# make lint    formatting and style, as CI checks them
# make clean   removes what make built and fetched

.PHONY: test demo sanitize lint clean packages

packages:
	@.make/packages

test: packages
	@.make/test

demo: packages
	@.make/demo

sanitize:
	@.make/sanitize address
	@.make/sanitize thread

lint:
	swift format lint --strict --recursive Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources

clean:
	rm -rf .build .build-tests Benchmarks/.build .cache
