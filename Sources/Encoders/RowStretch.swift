internal import LowRank
internal import VectorMath

/// What DoRA's magnitudes do to a module: y = g ⊙ (W x + scaling · B A x) + b, with g = m / ‖W + scaling · B A‖ by row.
///
/// The lengths of the rows count as constants in every gradient (Liu et al., arXiv:2402.09353, section 4.3). So the
/// module computes with g ⊙ W and g ⊙ B in place of W and B, and on the way back only two things are to be added: d B is
/// stretched like B, and d m, from the sums of dy ⊙ (y - b) over all rows of y.
struct RowStretch: Sendable {
    /// g, `[out]`.
    let gains: [Float]
    /// m, `[out]`.
    let magnitudes: [Float]

    /// The stretch of a pair over a weight `[out, in]`; nil for a pair without magnitudes.
    init?(_ pair: LowRankPair, over weight: MatrixView<Float>) {
        guard let magnitudes = pair.magnitude, let gains = pair.gains(over: weight) else { return nil }
        (self.gains, self.magnitudes) = (gains, magnitudes)
    }

    /// d m of the sums Σ dy ⊙ (y - b), which hold m once: where it is zero, so are they, and the row stays as it is.
    func magnitudeGradient(_ sums: [Float]) -> [Float] { zip(sums, magnitudes).map { $1 == 0 ? 0 : $0 / $1 } }
}
