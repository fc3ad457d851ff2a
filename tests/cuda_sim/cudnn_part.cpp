// A library that is opened and never asked for anything: cudnn.cpp is whole.
extern "C" int phosphene_simulated_part() { return 0; }
