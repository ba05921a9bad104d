/// How jemalloc works, where nekod is built with it; other allocators do not look at this. What was
/// freed goes back to the system within a second or so, also while nothing happens: else a nekod
/// that had many clients once would keep their memory until new ones come.
extern "C" const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
