#include "cli/cli.h"

#include <gmock/gmock.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "cli/suggestion.h"
#include "net/task_group.h"
#include "observe/rest.h"
#include "observe/test_status.h"

namespace ottla::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Cli : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_.run = [this](const Configuration& c) {
      configuration_ = c;
      return 0;
    };
    engine_.plan = [](const Configuration&) -> Result<PlanOutput> {
      return PlanOutput{.text = "the plan\n", .json = R"({"plan":1})"};
    };
    engine_.check = [this](const Configuration&) -> Result<flow::CheckReport> { return report_; };
    report_.items = {{.subject = "cluster A", .text = "reached"}};
    directory_ =
        std::filesystem::temp_directory_path() / ("ottla-cli-test-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& text) {
    const std::string path = directory_ / "mm2.properties";
    std::ofstream(path) << text;
    return path;
  }
  std::string good_file() {
    return file(
        "clusters = A, B\n"
        "A.bootstrap.servers = localhost:1\nB.bootstrap.servers = localhost:2\n"
        "A->B.enabled = true\nno.such.key = 1\n");
  }
  int run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    return run_cli(arguments, engine_, out_, err_);
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  Engine engine_;
  std::optional<Configuration> configuration_;
  flow::CheckReport report_;
  std::filesystem::path directory_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Cli, HelpListsCommandsAndExitCodes) {
  EXPECT_EQ(run({"--help"}), 0);
  for (const char* word : {"run", "plan", "check", "status", "version", "Exit codes: 0 done"}) {
    EXPECT_THAT(out(), HasSubstr(word));
  }
  EXPECT_EQ(run({"status", "--help"}), 0);
  EXPECT_THAT(out(), HasSubstr("--watch"));
}

TEST_F(Cli, WrongUsageEndsWith2) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"run"}), 2);
  EXPECT_THAT(err(), HasSubstr("FILE"));
  EXPECT_EQ(run({"version", "--no-such"}), 2);
  EXPECT_THAT(err(), HasSubstr("See ottla version --help"));
  EXPECT_EQ(run({"version", "extra"}), 2);
  EXPECT_EQ(run({"--log-level", "loud", "version"}), 2);
  EXPECT_THAT(err(), HasSubstr("loud"));
  EXPECT_EQ(run({"status", "--url", "ftp://x y"}), 2);
  EXPECT_EQ(run({"status", "--json", "--watch"}), 2);
}

TEST_F(Cli, UnknownCommandsGetAHint) {
  EXPECT_EQ(run({"stauts"}), 2);
  EXPECT_THAT(err(), HasSubstr("Did you mean 'status'?"));
  EXPECT_EQ(run({"--log-level", "info", "mm2.properties"}), 2);
  EXPECT_THAT(err(), HasSubstr("Did you mean 'ottla run mm2.properties'?"));
  EXPECT_EQ(run({"frobnicate"}), 2);
  EXPECT_THAT(err(), HasSubstr("Commands: run, plan, check, status, version."));
}

TEST_F(Cli, OffersOnlyWhatTheEngineCanDo) {
  engine_ = {};
  EXPECT_EQ(run({"run", good_file()}), 2);
  EXPECT_EQ(run({"version"}), 0);
}

TEST_F(Cli, VersionIsTextOrJson) {
  EXPECT_EQ(run({"version"}), 0);
  EXPECT_THAT(out(), HasSubstr("ottla 0."));
  EXPECT_EQ(run({"version", "--json"}), 0);
  EXPECT_THAT(out(), HasSubstr(R"({"name":"ottla","version":"0.)"));
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_THAT(out(), HasSubstr("ottla 0."));
}

TEST_F(Cli, RunHandsTheConfigurationToTheEngine) {
  const std::string path = good_file();
  EXPECT_EQ(run({"run", path, "--clusters", "B", "--log-level", "off"}), 0) << err();
  ASSERT_TRUE(configuration_);
  EXPECT_EQ(configuration_->file, path);
  EXPECT_EQ(configuration_->clusters, std::vector<std::string>{"B"});
  EXPECT_EQ(configuration_->config.clusters().size(), 2U);
  EXPECT_THAT(configuration_->findings, Not(IsEmpty()));
}

TEST_F(Cli, RunEndsWithTheEnginesCode) {
  engine_.run = [](const Configuration&) { return 1; };
  EXPECT_EQ(run({"run", good_file(), "--log-level", "off"}), 1);
}

TEST_F(Cli, UnusableConfigurationEndsWith2) {
  for (const char* command : {"run", "plan", "check"}) {
    EXPECT_EQ(run({command, "/nonexistent/mm2.properties"}), 2);
    EXPECT_THAT(err(), HasSubstr("/nonexistent/mm2.properties"));
    EXPECT_EQ(run({command, file("clusters =\n")}), 2);
    EXPECT_THAT(err(), HasSubstr("mm2.properties"));
  }
  EXPECT_FALSE(configuration_);
}

TEST_F(Cli, PlanPrintsTextOrJson) {
  EXPECT_EQ(run({"plan", good_file(), "--log-level", "off"}), 0);
  EXPECT_EQ(out(), "the plan\n");
  EXPECT_EQ(run({"plan", good_file(), "--json", "--log-level", "off"}), 0);
  EXPECT_EQ(out(), "{\"plan\":1}\n");
  engine_.plan = [](const Configuration&) -> Result<PlanOutput> {
    return fail(BaseErrc::kUnavailable, "cluster A");
  };
  EXPECT_EQ(run({"plan", good_file(), "--log-level", "off"}), 1);
  EXPECT_THAT(err(), HasSubstr("cluster A"));
}

TEST_F(Cli, PlanEndsWith3WhenThereAreProblemsAndWith1WhenAClusterIsAway) {
  PlanOutput output{.text = "!\n", .json = "{}", .has_problems = true};
  engine_.plan = [&](const Configuration&) -> Result<PlanOutput> { return output; };
  EXPECT_EQ(run({"plan", good_file(), "--log-level", "off"}), 3);
  output.complete = false;
  EXPECT_EQ(run({"plan", good_file(), "--log-level", "off"}), 1);
  EXPECT_EQ(out(), "!\n");
}

TEST_F(Cli, CheckEndsWith3WhenItSaysNo) {
  EXPECT_EQ(run({"check", good_file(), "--log-level", "off"}), 0);
  report_.items[0].verdict = flow::Verdict::kFail;
  EXPECT_EQ(run({"check", good_file(), "--json", "--log-level", "off"}), 3);
  EXPECT_THAT(out(), HasSubstr(R"({"ok":false)"));
}

TEST_F(Cli, ExceptionsOfTheEngineEndWith1) {
  engine_.run = [](const Configuration&) -> int { throw std::runtime_error("boom"); };
  EXPECT_EQ(run({"run", good_file(), "--log-level", "off"}), 1);
  EXPECT_THAT(err(), HasSubstr("boom"));
}

// A process with a REST surface, on a thread of its own.
class RunningProcess {
 public:
  RunningProcess()
      : rest_(*observe::Rest::start(context_, {.endpoint = {"127.0.0.1", 0}}, control_)),
        url_("http://" + rest_->local().to_string()),
        thread_([this] { context_.run(); }) {}
  ~RunningProcess() {
    std::optional<net::TaskGroup> group;
    boost::asio::post(context_, [this, &group] {
      group.emplace(context_);
      group->spawn("stop", rest_->stop());
    });
    thread_.join();
  }
  [[nodiscard]] const std::string& url() const { return url_; }
  observe::testing::FakeControl& control() { return control_; }

 private:
  net::IoContext context_{};
  observe::testing::FakeControl control_{};
  std::unique_ptr<observe::Rest> rest_;
  std::string url_;
  std::thread thread_;
};

TEST_F(Cli, StatusAsksARunningProcess) {
  RunningProcess process;
  EXPECT_EQ(run({"status", "--url", process.url()}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("A->B  OK"));
  EXPECT_EQ(run({"status", "--url", process.url(), "--json"}), 0);
  EXPECT_THAT(out(), HasSubstr(R"("flow":"A->B")"));
  EXPECT_EQ(run({"status", "--url", process.url(), "--health"}), 0);
  EXPECT_EQ(out(), "OK\n");
}

TEST_F(Cli, StatusHealthEndsWith3WhenAFlowStalls) {
  RunningProcess process;
  process.control().status.flows[0].health = flow::FlowHealth::kStalled;
  EXPECT_EQ(run({"status", "--url", process.url(), "--health"}), 3);
  EXPECT_EQ(out(), "STALLED\n");
  EXPECT_EQ(run({"status", "--url", process.url()}), 0);
}

TEST_F(Cli, StatusEndsWith1WhenNobodyAnswers) {
  std::string url;
  {
    net::IoContext context;
    url = "http://" + (*net::listen_tcp(context, {"127.0.0.1", 0}))->local().to_string();
  }
  EXPECT_EQ(run({"status", "--url", url}), 1);
  EXPECT_THAT(err(), HasSubstr("Is 'ottla run' running"));
}

TEST(Suggestion, FindsNearWordsOnly) {
  const std::vector<std::string> known = {"run", "plan", "check", "status", "version"};
  EXPECT_EQ(nearest_word("statsu", known), "status");
  EXPECT_EQ(nearest_word("chek", known), "check");
  EXPECT_EQ(nearest_word("frobnicate", known), std::nullopt);
  EXPECT_EQ(nearest_word(std::string(100'000, 'x'), known), std::nullopt);
}

}  // namespace
}  // namespace ottla::cli
