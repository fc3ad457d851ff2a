# The commands of everyday work; `make help` explains them. Everything else is CMake (CMakePresets.json).
# Of CMakePresets.json; continuous integration takes `dist`.
PRESET ?= release
BUILD := build/$(PRESET)
PHOSPHENE := $(BUILD)/phosphene
JOBS ?= $(shell nproc)
SOURCES = $(shell git ls-files --cached --others --exclude-standard '*.h' '*.cpp' '*.cu' '*.cuh')
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:  # the steps of a target stand in order; ninja and ctest use the cores

.PHONY: help demo article test build install model configure phosphene format tidy clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: install phosphene model  ## install what is missing, build, fetch SqueezeNet and make the first pictures
	@$(PHOSPHENE) render configs/demo.json --out runs/demo
	@echo "What the network itself sees in the picture of a tiger:"
	@$(PHOSPHENE) classify squeezenet runs/demo/images/tiger.png
	@echo "$(CURDIR)/runs/demo/report.html"

article: phosphene  ## draw the ideas of feature visualization into one page, with GoogLeNet (else, slowly, with VGG16)
	@PHOSPHENE=$(PHOSPHENE) scripts/draw_article.sh

test: install build  ## build everything and run every test; those that need trained weights skip without a network
	@vgg16="$$($(PHOSPHENE) fetch vgg16)" || echo "VGG16 could not be fetched: the tests that need it skip" >&2; \
	env $${vgg16:+PHOSPHENE_VGG16="$$vgg16"} ctest --preset $(PRESET) -j $(JOBS)

build: configure  ## build the program, its tests and benchmarks into build/release
	@cmake --build --preset $(PRESET) -j $(JOBS)

phosphene: configure
	@cmake --build --preset $(PRESET) -j $(JOBS) --target phosphene

configure:
	@cmake --preset $(PRESET) --log-level=NOTICE

install:  ## install Debian packages that are missing
	@scripts/install_dependencies.sh

model: phosphene  ## fetch and convert SqueezeNet (8 MB with the names of its classes), once
	@$(PHOSPHENE) fetch squeezenet > /dev/null

format:  ## clang-format every file in place
	@clang-format -i $(SOURCES)

tidy:  ## clang-tidy on every file (slow)
	@cmake --preset tidy && cmake --build --preset tidy -j $(JOBS) -- -k 0

clean:  ## remove every build
	@rm -rf build
