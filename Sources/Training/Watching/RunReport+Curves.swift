internal import Reports

extension RunReport {
    /// How the figures went over the steps.
    var curves: [Markup] {
        let step = Axis("step", isWhole: true)
        func chart(
            _ title: String, _ label: String, fromZero: Bool, smoothed: Bool, _ value: (MetricsLog.Line) -> Double
        ) -> LineChart {
            let points = lines.map { LineChart.Point(Double($0.step), value($0)) }
            let window = max(3, lines.count / 20)
            guard smoothed, lines.count >= 12 else {
                return LineChart(
                    title, x: step, y: Axis(label, includesZero: fromZero), series: [.init(label, points, color: 1)])
            }
            return LineChart(
                title, x: step, y: Axis(label, includesZero: fromZero),
                series: [
                    .init("each step", points, emphasis: .faint, color: 1),
                    .init("mean of \(window) steps", movingMean(points, window: window), color: 1),
                ])
        }
        var charts: [any Chart] = [chart("Loss", "loss of the batch", fromZero: true, smoothed: true, \.loss)]
        charts += developmentCurve
        if lines.contains(where: { $0.anchor != nil }) {
            charts.append(
                chart("Anchor", "part of the loss that the anchor is", fromZero: true, smoothed: true) {
                    $0.anchor ?? .nan
                })
        }
        charts += [
            chart("Gradient norm", "norm before clipping", fromZero: true, smoothed: true, \.gradientNorm),
            chart("Learning rate", "learning rate", fromZero: true, smoothed: false, \.learningRate),
            chart("Speed", "pairs a second", fromZero: true, smoothed: true, \.pairsPerSecond),
        ]
        return [.charts(charts)]
    }

    /// The metrics on held-out data over the steps, where there was more than one evaluation.
    private var developmentCurve: [any Chart] {
        var evaluations = lines.compactMap { line in line.evaluation.map { Evaluation(step: line.step, metrics: $0) } }
        if let before { evaluations.insert(before, at: 0) }
        guard evaluations.count > 1, let metric else { return [] }
        var names = Set(evaluations.flatMap(\.metrics.keys)).subtracting([metric]).sorted()
        names.insert(metric, at: 0)
        return [
            LineChart(
                "Metrics on \(split)", x: Axis("step", isWhole: true), y: Axis("mean over the queries, 0 to 1"),
                series: names.prefix(4).enumerated().map { number, name in
                    .init(
                        name,
                        evaluations.map { .init(Double($0.step), $0.metrics[name] ?? .nan) }, emphasis: .dots,
                        color: number + 1)
                })
        ]
    }

    /// The mean over a window around each place, smaller at the ends.
    private func movingMean(_ points: [LineChart.Point], window: Int) -> [LineChart.Point] {
        points.indices.map { index in
            let reach = min(window / 2, index, points.count - 1 - index)
            let around = points[index - reach...index + reach]
            return LineChart.Point(points[index].x, around.reduce(0) { $0 + $1.y } / Double(around.count))
        }
    }
}
