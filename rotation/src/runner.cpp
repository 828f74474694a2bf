#include "sallyport/rotation/runner.hpp"

namespace sallyport::rotation {
namespace {

/// The last attempt's sentence goes with every record that follows from it.
class Run {
 public:
  Run(const Job& job, Connector& connector, Port& port)
      : job_(job), connector_(connector), port_(port), rotation_(job.journal, means_of(job)) {}

  base::Result<End> to_end() {
    auto action = rotation_.on(Event::start);
    while (action.step != Step::stop) {
      SALLYPORT_TRY(auto next, carry_out(action));
      action = next;
    }
    SALLYPORT_TRYV(port_.finish(job_.id, action.end, progress(action.outcome)));
    return action.end;
  }

 private:
  base::Result<Action> carry_out(const Action& action) {
    switch (action.step) {
      case Step::record:
        return record(action.outcome);
      case Step::apply:
        return answer(Event::apply_done, connector_.apply(job_, action.route));
      case Step::login_new:
        return answer(Event::login_done, connector_.login(job_, Credential::pending));
      case Step::login_old:
        return answer(Event::login_done, connector_.login(job_, Credential::current));
      case Step::retire_old:
        return answer(Event::retire_done, connector_.retire_old(job_));
      case Step::stop:
        break;
    }
    return action;
  }

  base::Result<Action> record(Outcome outcome) {
    SALLYPORT_TRYV(port_.record(job_.id, progress(outcome)));
    return rotation_.on(Event::recorded);
  }

  Action answer(Event event, Attempt attempt) {
    detail_ = std::move(attempt.detail);
    return rotation_.on(event, attempt.outcome);
  }

  Progress progress(Outcome outcome) const { return {rotation_.journal(), outcome, detail_}; }

  const Job& job_;
  Connector& connector_;
  Port& port_;
  Rotation rotation_;
  std::string detail_;
};

}  // namespace

base::Result<End> run_job(const Job& job, Connector& connector, Port& port) {
  return Run(job, connector, port).to_end();
}

}  // namespace sallyport::rotation
