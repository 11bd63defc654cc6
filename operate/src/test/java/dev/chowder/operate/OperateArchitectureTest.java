package dev.chowder.operate;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Checks rules of {@code operate} that no compiler checks. */
class OperateArchitectureTest {
  private static final JavaClasses OPERATE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.chowder.operate");

  @Test
  void packagesHaveNoCycles() {
    slices().matching("dev.chowder.(operate.*)..").should().beFreeOfCycles().check(OPERATE);
    slices().matching("dev.chowder.operate.(admin.*)..").should().beFreeOfCycles().check(OPERATE);
    noClasses()
        .that()
        .resideInAPackage("dev.chowder.operate.*..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.chowder.operate")
        .check(OPERATE);
  }

  @Test
  void theSiteKnowsOnlyItsStateDirectory() {
    noOtherPart("state");
    noOtherPart("site", "state");
  }

  /** A process is the same for each program, and a port for each use. */
  @Test
  void processesAndPortsKnowOnlyTheSite() {
    noOtherPart("process", "site", "state");
    noOtherPart("http", "site");
    noOtherPart("docker", "site");
  }

  private static void noOtherPart(String part, String... known) {
    var own = new String[known.length + 1];
    own[0] = "dev.chowder.operate." + part;
    for (int i = 0; i < known.length; i++) own[i + 1] = "dev.chowder.operate." + known[i];
    classes()
        .that()
        .resideInAPackage("dev.chowder.operate." + part)
        .should()
        .onlyDependOnClassesThat(
            JavaClass.Predicates.resideOutsideOfPackage("dev.chowder.operate..")
                .or(JavaClass.Predicates.resideInAnyPackage(own)))
        .check(OPERATE);
  }

  /** All state is in files, so that a start continues where an earlier one ended. */
  @Test
  void commandsKnowNoSqlAndNoEngine() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.sql..", "com.github.dockerjava..", "org.apache.pekko..", "dev.chowder.sandbox..")
        .check(OPERATE);
  }

  /** The command line of users knows REST, contexts and keys. */
  @Test
  void commandsOfOperatorsUseOnlySharedPartsOfTheOtherCommandLine() {
    noClasses()
        .that()
        .resideInAPackage("dev.chowder.operate.admin..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.chowder.cli", "dev.chowder.client.context..", "dev.chowder.cli.instance..")
        .check(OPERATE);
  }

  @Test
  void onlyCallsOfNodesKnowGrpc() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.chowder.operate.admin.node")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.grpc..")
        .check(OPERATE);
  }

  /** A program that a command starts gets its variables from {@code Site}. */
  @Test
  void onlyTheStartOfTheProcessReadsItsEnvironment() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("dev.chowder.operate.Main")
        .should()
        .callMethodWhere(
            DescribedPredicate.describe(
                "the environment is read",
                call ->
                    call.getTargetOwner().isEquivalentTo(System.class)
                        && call.getName().equals("getenv")))
        .check(OPERATE);
  }
}
