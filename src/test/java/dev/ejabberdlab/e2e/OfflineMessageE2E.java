package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is kept for somebody who is away lies in the database, not on an ejabberd node. */
@ExtendWith(SharedLab.Extension.class)
class OfflineMessageE2E {

  private final SharedLab lab;

  OfflineMessageE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @Test
  void aMessageForSomebodyWhoIsAwayIsARowOnPrimaryAndStandbyUntilItIsRead() {
    String text = "for later: " + UUID.randomUUID();
    String password = UUID.randomUUID().toString();
    lab.register("sender", password);
    lab.register("away", password);
    lab.javaInNamespace(
        XmppSend.class,
        SharedLab.DOMAIN,
        lab.authority(),
        lab.address("e1server", "management"),
        "sender",
        password,
        "away",
        text);
    for (String node : new String[] {"psql1server", "psql2server"}) {
      await(node)
          .atMost(GuestStand.PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(lab.sql(node, "SELECT xml FROM spool WHERE username = 'away'"))
                      .contains(text));
    }

    String received =
        lab.javaInNamespace(
            XmppReceive.class,
            SharedLab.DOMAIN,
            lab.authority(),
            lab.address("e2server", "management"),
            "away",
            password);

    assertThat(received).contains("sender@" + SharedLab.DOMAIN + ": " + text);
    assertThat(lab.sql("psql1server", "SELECT count(*) FROM spool WHERE username = 'away'"))
        .isEqualTo("0");
  }
}
