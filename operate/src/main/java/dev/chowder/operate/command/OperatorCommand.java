package dev.chowder.operate.command;

import dev.chowder.operate.site.Site;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command of the tree whose root is the invocation. */
public abstract class OperatorCommand {
  @Spec private CommandSpec spec = CommandSpec.create();

  protected final Invocation invocation() {
    return (Invocation) spec.root().userObject();
  }

  protected final Site site() {
    return invocation().site();
  }

  /** Tells the user something that is no result. */
  protected final void say(String sentence) {
    site().say(sentence);
  }
}
