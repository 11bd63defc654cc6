package dev.chowder.server.crash;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.chowder.actor.Failpoints;
import dev.chowder.instance.InstanceEntity;
import dev.chowder.organization.OrganizationEntity;
import dev.chowder.sandbox.FailpointSandboxDriver;
import org.junit.jupiter.api.Test;

/** That no failpoint is left out of the list that {@link CrashIT} goes through. */
class PlaceTest {
  @Test
  void everyPlaceIsListedOnce() {
    assertThat(Place.all()).extracting(Place::name).doesNotHaveDuplicates().hasSizeGreaterThan(70);
  }

  @Test
  void failpointsAreOnlyWhereTheListLooksForThem() {
    var code =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.chowder");
    noClasses()
        .that()
        .doNotBelongToAnyOf(
            Failpoints.class,
            InstanceEntity.class,
            OrganizationEntity.class,
            FailpointSandboxDriver.class)
        .should()
        .accessTargetWhere(target(owner(type(Failpoints.class))).and(target(name("hit"))))
        .check(code);
  }
}
