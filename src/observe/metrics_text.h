#pragma once
// The writer of Prometheus's text format: families in order, their samples together.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace ottla::observe {

using Label = std::pair<std::string_view, std::string_view>;

class MetricsText {
 public:
  enum class Type { kCounter, kGauge };

  // Samples that follow belong to this family.
  void family(std::string_view name, Type type, std::string_view help);
  // Labels with empty values are left out. A value that is not finite is written as Prometheus
  // spells it.
  void sample(std::initializer_list<Label> labels, double value);
  // `labels` as given by label_text: for many samples with the same labels.
  void sample(std::string_view labels, double value);
  std::string take() { return std::move(text_); }

  static std::string label_text(std::initializer_list<Label> labels);

 private:
  std::string text_;
  std::string name_;
};

}  // namespace ottla::observe
