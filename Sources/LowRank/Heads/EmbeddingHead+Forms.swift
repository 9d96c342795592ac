public import VectorMath

extension EmbeddingHead {
    /// A low-rank head: y = x + U V x + b.
    ///
    /// - Parameters:
    ///   - down: V, `[R, D]`.
    ///   - up: U, `[D, R]`.
    ///   - bias: b, `[D]`.
    public init(down: Matrix<Float>, up: Matrix<Float>, bias: [Float]) {
        self.init(
            checked: .lowRank, matrices: [down, up, Matrix(rows: 1, columns: bias.count, elements: bias)])
    }

    /// A two-layer head: y = x + W₂ gelu(W₁ x + b₁) + b₂.
    ///
    /// - Parameters:
    ///   - first: W₁ `[F, D]` and b₁ `[F]`.
    ///   - second: W₂ `[D, F]` and b₂ `[D]`.
    public init(first: AffineMap, second: AffineMap) {
        func row(_ bias: [Float]) -> Matrix<Float> { Matrix(rows: 1, columns: bias.count, elements: bias) }
        self.init(
            checked: .twoLayer, matrices: [first.weight, row(first.bias), second.weight, row(second.bias)])
    }

    private init(checked kind: Kind, matrices: [Matrix<Float>]) {
        do throws(LowRankError) {
            try self.init(kind, matrices: matrices)
        } catch {
            preconditionFailure(error.description)
        }
    }

    /// The same head at another strength: 0 changes nothing, 1 is the head as it is.
    public func scaled(by strength: Float) -> EmbeddingHead {
        var scaled = self
        switch kind {
        case .linear:
            precondition(inputWidth == outputWidth, "a head between two widths has no strength")
            scale(&scaled.matrices[0], by: strength)
            add(AffineMap.identity(inputWidth).weight.view, to: &scaled.matrices[0], scale: 1 - strength)
            scale(&scaled.matrices[1], by: strength)
        case .lowRank, .twoLayer:
            for index in matrices.indices.suffix(2) { scale(&scaled.matrices[index], by: strength) }
        }
        return scaled
    }
}
