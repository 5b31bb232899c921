package io.serialtrail.example;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** A command line of --name value pairs and flags. */
record Arguments(Map<String, String> given) {
  static final String BROKERS = "127.0.0.1:8400";
  static final String REGISTRY = "http://127.0.0.1:8402/apis/ccompat/v7";

  /** Ends the program with exit code 2 and {@code usage} where the line is not understood. */
  static Arguments of(String[] words, String usage, Set<String> options, Set<String> flags) {
    var given = new HashMap<String, String>();
    for (int at = 0; at < words.length; at++) {
      if (flags.contains(words[at])) {
        given.put(words[at], "");
      } else if (options.contains(words[at]) && at + 1 < words.length) {
        given.put(words[at], words[++at]);
      } else {
        System.err.println("not understood: " + words[at] + "\n" + usage);
        System.exit(2);
      }
    }
    if (!given.containsKey("--party")) {
      System.err.println("--party is missing\n" + usage);
      System.exit(2);
    }
    return new Arguments(given);
  }

  String or(String option, String otherwise) {
    return given.getOrDefault(option, otherwise);
  }

  boolean has(String flag) {
    return given.containsKey(flag);
  }
}
