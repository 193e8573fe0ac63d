package dev.ejabberdlab.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Slot;
import dev.ejabberdlab.guest.GuestReport.Standby;
import org.junit.jupiter.api.Test;

class GuestReportTest {

  @Test
  void anInstanceSaysWhatItWasToldAndElseNothing() {
    assertThat(Postgresql.builder().build())
        .hasToString(
            "Postgresql[up=false, inRecovery=false, timeline=0, systemIdentifier=,"
                + " readWriteAddress=false, standbys=[], slots=[], lsn=0, receiving=false,"
                + " stopped=false, replay=]");

    Postgresql all =
        Postgresql.builder()
            .standby()
            .timeline(2)
            .systemIdentifier("7428")
            .readWriteAddress(true)
            .standbys(new Standby("psql2server", "streaming", 3))
            .slots(new Slot("psql2server", true, "reserved"))
            .lsn(4)
            .receiving(true)
            .stopped(true)
            .replay("it is paused")
            .build();
    assertThat(all)
        .hasToString(
            "Postgresql[up=true, inRecovery=true, timeline=2, systemIdentifier=7428,"
                + " readWriteAddress=true, standbys=[Standby[name=psql2server, state=streaming,"
                + " lagBytes=3, synchronous=false]], slots=[Slot[name=psql2server, active=true,"
                + " walStatus=reserved]], lsn=4, receiving=true, stopped=true, replay=it is"
                + " paused]");
    assertThat(all.toBuilder().build()).isEqualTo(all);
    assertThat(all.toBuilder().primary().build().isPrimary()).isTrue();
  }
}
