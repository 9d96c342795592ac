/// Sums of matrices value by value: what the types of combinations have in common. After `peft/utils/merge_utils.py`.
struct TaskArithmetic {
    let combination: AdapterCombination
    /// The share of the values that is kept; 1 where nothing is pruned.
    let density: Double

    /// The combination of matrices of equal shape, their elements row by row.
    ///
    /// - Parameter masks: What DARE keeps of each, where it is DARE.
    func combine(_ tensors: [[Float]], weights: [Float], masks: [[Bool]]) -> [Float] {
        let kept = tensors.indices.map { prune(tensors[$0], mask: masks.isEmpty ? nil : masks[$0]) }
        return combination.kind.electsSigns ? agreeing(kept, weights) : sum(kept, weights)
    }

    private func prune(_ values: [Float], mask: [Bool]?) -> [Float] {
        guard density < 1 else { return values }
        if let mask {
            let share = Float(density)
            return zip(values, mask).map { $1 ? $0 / share : 0 }
        }
        return largest(values, count: Int(density * Double(values.count)))
    }

    /// The values of the largest size, the others zero. Of equal ones the first are kept.
    private func largest(_ values: [Float], count: Int) -> [Float] {
        guard count > 0 else { return [Float](repeating: 0, count: values.count) }
        let threshold = values.map(\.magnitude).sorted(by: >)[count - 1]
        var left = count - values.count { $0.magnitude > threshold }
        return values.map { value in
            if value.magnitude > threshold { return value }
            guard value.magnitude == threshold, left > 0 else { return 0 }
            left -= 1
            return value
        }
    }

    private func sum(_ tensors: [[Float]], _ weights: [Float]) -> [Float] {
        var result = [Float](repeating: 0, count: tensors[0].count)
        for (tensor, weight) in zip(tensors, weights) {
            for i in result.indices { result[i] += tensor[i] * weight }
        }
        return result
    }

    /// At every place the weighted mean of the values that have the elected sign, over their number and not their weights. The
    /// election does not weigh.
    private func agreeing(_ tensors: [[Float]], _ weights: [Float]) -> [Float] {
        (0..<tensors[0].count).map { i in
            let vote: Float =
                switch combination.signs {
                case .total: tensors.reduce(0) { $0 + $1[i] }
                case .frequency: tensors.reduce(0) { $0 + ($1[i] > 0 ? 1 : $1[i] < 0 ? -1 : 0) }
                }
            var (sum, count): (Float, Float) = (0, 0)
            for (tensor, weight) in zip(tensors, weights) where vote >= 0 ? tensor[i] > 0 : tensor[i] < 0 {
                sum += tensor[i] * weight
                count += 1
            }
            return sum / max(count, 1)
        }
    }
}
