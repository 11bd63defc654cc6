package dev.chowder.admin;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Checks rules of {@code admin} that no compiler checks. */
class AdminArchitectureTest {
  private static final JavaClasses ADMIN =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.chowder.admin");

  @Test
  void packagesHaveNoCycles() {
    slices().matching("dev.chowder.(admin.*)..").should().beFreeOfCycles().check(ADMIN);
    noClasses()
        .that()
        .resideInAPackage("dev.chowder.admin.*")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.chowder.admin")
        .check(ADMIN);
  }

  @Test
  void commandsKnowNoSqlAndNoEngine() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.sql..", "com.github.dockerjava..", "org.apache.pekko..", "dev.chowder.sandbox..")
        .check(ADMIN);
  }

  @Test
  void onlyCallsOfNodesKnowGrpc() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.chowder.admin.node")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.grpc..")
        .check(ADMIN);
  }

  /** The command line of users knows REST, contexts and keys. */
  @Test
  void onlySharedPartsOfTheOtherCommandLineAreUsed() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.chowder.cli", "dev.chowder.client.context..", "dev.chowder.cli.instance..")
        .check(ADMIN);
  }
}
