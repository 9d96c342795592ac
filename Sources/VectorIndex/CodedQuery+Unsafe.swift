internal import VectorMath

/// A query against the codes of a segment: the test for a threshold of its scores.
///
/// With v = s·(o - c) for a row o and w = s·(q - c) for the query, s the scale and c the centre, a row is as near as a key
/// where ⟨v, w⟩ ≥ t:
/// - squared L2, key = -|o - q|²: t = (|v|² + |w|² + s²·key) / 2;
/// - inner product, key = ⟨o, q⟩: t = s²·(key - ⟨q, c⟩) - s²·⟨o - c, c⟩, the last term the row's addend;
/// - cosine, which is the inner product of vectors of length 1, so that |o - q|² = 1 + |q|² - 2·key:
///   t = (|v|² + |w|² - s²·(1 + |q|²)) / 2 + s²·key.
struct CodedQuery {
    private(set) var test: CodeQuery
    /// t without the row's part is `base` + `factor`·key.
    private var base: Double
    private let factor: Double

    /// - Parameters:
    ///   - query: `[D]`, prepared as the index's own vectors.
    ///   - deviations: How far an estimate may be off.
    init(_ query: UnsafePointer<Float>, encoding: CodeEncoding, deviations: Double = CodeBound.deviations) {
        let (dimension, width, metric) = (encoding.dimension, encoding.width, encoding.metric)
        let scaleSquare = Double(encoding.scale) * Double(encoding.scale)
        var rotated = Matrix<Float>(uninitializedRows: 1, columns: width)
        var length = 0.0
        rotated.withUnsafeMutablePointer { rotated in
            CodeKernels.residual(
                query, centre: encoding.centre, count: dimension, scale: encoding.scale, into: rotated, width: width)
            length = CodeKernels.norms(rotated, count: width).squares
            // So far away that nothing can be said: nothing is ruled out.
            if length > CodeBound.squares.upperBound { rotated.update(repeating: 0, count: width) }
            encoding.rotation.apply(rotated)
        }
        test = rotated.withUnsafePointer { CodeQuery(rotated: $0, width: width) }
        let rounding = CodeBound.rounding(dimension: dimension)
        test.hasAddends = encoding.hasAddends
        test.spread = Float(deviations * deviations / Double(width - 1))
        test.rescaleSquare = Float(Double(width) * (1 + 0x1p-19))
        test.lengthSquare = Float(length * (1 + 2 * rounding))

        let square = CodeKernels.norms(query, count: dimension).squares * scaleSquare
        switch metric {
        case .squaredL2:
            test.addendScale = Float(0.5 - rounding)
            factor = scaleSquare / 2
            base = length / 2 - rounding * 2 * length
        case .cosine:
            test.addendScale = Float(0.5 - rounding)
            factor = scaleSquare
            base =
                (length - scaleSquare - square) / 2
                - rounding * (2 * length + 2 * scaleSquare + 2 * square) - CodeBound.unitSlack * scaleSquare
        case .innerProduct:
            test.addendScale = Float(-rounding)
            factor = scaleSquare
            let centreSquare = CodeKernels.norms(encoding.centre, count: dimension).squares * scaleSquare
            base =
                -CodeKernels.dot(query, encoding.centre, count: dimension) * scaleSquare
                - rounding * 2 * (length + square + centreSquare)
        }
        if length > CodeBound.squares.upperBound { base = -.infinity }
    }

    /// Asks for rows whose key is at least this.
    mutating func ask(for key: Float) {
        test.threshold = base == -.infinity || key == -.infinity ? -.infinity : Float(base + factor * Double(key))
    }
}
