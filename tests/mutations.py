"""The faults of `mutants.py`: for each file the tests that should notice, and what is replaced.

A fault is a pair of texts, the first of which the file has exactly once; further names are the
tests of this fault alone.
"""

EXACT = {
    "wganlab/exact/transport.py": (
        ("transport", "potentials"),
        [
            ("np.add.at(at_x, moves.row, step)", "np.add.at(at_x, moves.row, -step)"),
            ("np.add.at(at_y, moves.col, -step)", "np.add.at(at_y, moves.col, step)"),
            ("Discrete((1 - t) * x + t * y,", "Discrete(t * x + (1 - t) * y,"),
            (
                "value=solution.scale * solution.primal ** (1 / p)",
                "value=solution.scale * solution.primal",
            ),
            ("length ** (self.p - 1)", "length**self.p"),
            (
                "power = self.p * math.log(self._solution.scale)",
                "power = math.log(self._solution.scale)",
            ),
            ("- g).argmin(axis=1)", "- g).argmax(axis=1)"),
            (
                "self._solution.scale * max(dual, 0.0) ** (1 / self.p)",
                "self._solution.scale * max(dual, 0.0)",
            ),
            (
                "return (primal - self._solution.dual()) / primal if primal > 0 else 0.0",
                "return 0.0",
            ),
        ],
    ),
    "wganlab/exact/ground.py": (
        ("transport", "potentials", "ipm"),
        [
            ("square = u @ (-2 * v.T)", "square = u @ (-1 * v.T)"),
            ("close = np.argwhere(square < 1e-4 *", "close = np.argwhere(square < 1e-16 *"),
            ("metric) ** p - g).min(axis=1)", "metric) ** p + g).min(axis=1)"),
            ("if 0 < reach < SMALL:", "if 0 < reach < 0:"),
            ("return np.sign(difference)", "return -np.sign(difference)"),
            ('METRICS = {"euclidean": "euclidean"', 'METRICS = {"euclidean": "sqeuclidean"'),
        ],
    ),
    "wganlab/exact/potentials.py": (
        ("potentials",),
        [
            ("f = values.ravel() - values.max()", "f = values.ravel()"),
            ("mu.points, f, metric)  # (m,)", "mu.points, -f, metric)  # (m,)"),
            ("mu.weights @ f + nu.weights @ transform", "f.mean() + nu.weights @ transform"),
            ("mu.weights @ f + nu.weights @ transform", "mu.weights @ f + transform.max()"),
        ],
    ),
    "wganlab/exact/simplex.py": (
        ("transport",),
        [
            (
                "np.minimum(g, (part - f[block, None]).min(axis=0), out=g)",
                "np.minimum(g, (part + f[block, None]).min(axis=0), out=g)",
            ),
            ("unit = 2.0 ** min(1023,", "unit = 1.0 or 2.0 ** min(1023,"),
            ("if lower > cap * 0.1 ** (1 / p):", "if lower > 0:"),
            ("np.minimum(distance, cap) / cap", "np.minimum(distance, cap)"),
            ("GAP_TOLERANCE = 1e-9", "GAP_TOLERANCE = 1e-2"),
            ("RESOLUTION = 1e-11", "RESOLUTION = 1.0"),
            ("MASS_TOLERANCE / len(marginal)", "2 * len(marginal)"),
            ('if log["warning"] is not None:', 'if log["warning"] == 0:'),
            ("x, y = (mu.points - corner) / scale,", "x, y = mu.points / scale,"),
            ('ord=1 if metric == "l1" else 2)', "ord=2)"),
        ],
    ),
    "wganlab/exact/solvers.py": (
        ("transport",),
        [
            ("mass = min(need, left[j])", "mass = max(need, left[j])"),
            (
                "need, left[j] = need - mass, left[j] - mass",
                "need, left[j] = need - mass, left[j]",
            ),
            ("rest = (a[kept_a].sum() + b[kept_b].sum()) / 2", "rest = 1.0"),
            ("return f, -minus_g", "return f, minus_g"),
            (
                "if p == 1:\n        shared = common_mass(mu, nu)",
                "if p >= 1:\n        shared = common_mass(mu, nu)",
            ),
            ("dual=lambda: rest * part.dual(),", "dual=part.dual,"),
            ("too_large = 5 * 8 * mu.n * nu.n > DENSE_BYTES", "too_large = False"),
        ],
    ),
    "wganlab/exact/quantiles.py": (
        ("transport", "potentials"),
        [
            ("-np.sign(excess), 0.0)", "np.sign(excess), 0.0)"),
            (
                "np.arange(1, len(weights) + 1) / len(weights)",
                "np.arange(len(weights)) / len(weights)",
            ),
            ("primal=float(length.mean()),", "primal=float(length.sum()),"),
            ("        length **= p\n", "        length **= 1\n"),
            ("targets[orders()[0]] = orders()[1]", "targets[orders()[1]] = orders()[0]"),
            (
                "most = _line_cost(low_x[1:], low_y[:-1],",
                "most = _line_cost(low_x[:-1], low_y[1:],",
            ),
            ("least = cost[tie + 1] - _line_cost", "least = cost[tie - 1] - _line_cost"),
            (
                "primal=float(mass[kept] @ (length / scale) ** p),",
                "primal=float(mass[kept] @ (length / scale)),",
            ),
        ],
    ),
    "wganlab/exact/divergences.py": (
        ("divergences",),
        [
            ("min(1.0, float(0.5 * np.abs(u - v).sum()))", "min(1.0, float(np.abs(u - v).sum()))"),
            ("0.5 * _kl(u, middle) + 0.5 * _kl(v, middle)", "_kl(u, middle) + _kl(v, middle)"),
            ("float(0.5 * np.sum((u - v) *", "float(np.sum((u - v) *"),
            ("(np.log(u[on]) - np.log(v[on]))", "(np.log(v[on]) - np.log(u[on]))"),
            ("np.logaddexp(log_p, log_q) - np.log(2)", "np.logaddexp(log_p, log_q)"),
            ("return 0.5 * np.abs(np.exp(log_p)", "return np.abs(np.exp(log_p)"),
            (
                "on = u > 0\n    if (v[on] == 0).any():",
                "on, v = u > 0, np.maximum(v, 1e-12)\n    if (v[on] == 0).any():",
            ),
            ("np.tanh((log_p - log_q) / 2) ** 2", "np.tanh(log_p - log_q) ** 2"),
            ("np.exp(log_q) * np.expm1(ratio) ** 2, 0.0)", "np.exp(log_q) * np.expm1(ratio), 0.0)"),
            ("if u[v == 0].any():", "if v[u == 0].any():"),
            ("if not np.minimum(u, v).any():", "if not np.maximum(u, v).any():"),
        ],
    ),
    "wganlab/exact/densities.py": (
        ("divergences",),
        [
            ("np.where(power > 0, 1.0, t**-2)", "np.where(power > 0, 1.0, t**2)"),
            ("if abs(mass - 1) > QUADRATURE_TOLERANCE:", "if abs(mass - 1) > 10:"),
            ("if not uncertainty <= QUADRATURE_TOLERANCE *", "if not uncertainty <= 1e9 *"),
            ("splits += crossings(lambda x: f(x) - g(x), splits)", "splits += ()"),
            (
                "bare = x[(np.exp(f(x)) > 0) & (g(x) == -np.inf)]",
                "bare = x[(np.exp(g(x)) > 0) & (f(x) == -np.inf)]",
            ),
        ],
    ),
    "wganlab/exact/entropic.py": (
        ("entropic",),
        [
            ("stopThr=tolerance / np.sqrt(len(b)),", "stopThr=tolerance * len(b),"),
            ("shift = float(b @ g - a @ f) / 2", "shift = float(b @ g - a @ f)"),
            ("cross - (first + second) / 2)", "cross - (first + second))"),
            ("(primal + relative * entropy)", "(primal - relative * entropy)"),
            ("value=scale * primal ** (1 / p),", "value=scale * primal,"),
            (
                "np.outer(lack_a, lack_b / missing) if missing > 0 else plan",
                "np.outer(lack_a, lack_b / missing) if missing < 0 else plan",
            ),
            ("if not error <= tolerance:", "if not error <= 1:"),
            (
                "for law, other in ((mu, nu), (mu, mu), (nu, nu))",
                "for law, other in ((mu, nu), (mu, mu), (mu, mu))",
            ),
            ('epsilon * (log["log_v"] - np.log(b))', 'epsilon * log["log_v"]'),
        ],
    ),
    "wganlab/exact/kernels.py": (
        ("ipm",),
        [
            ("np.exp(-0.5 * np.square(distance / width))", "np.exp(-np.square(distance / width))"),
            ("np.zeros_like(distance)) / len(widths)", "np.zeros_like(distance))"),
            ("return (x / x.shape[1]) @ y.T", "return x @ y.T"),
            ("np.median(pdist(pooled))", "np.mean(pdist(pooled))"),
            (
                "total += float(mu.weights[rows] @ values @ nu.weights)",
                "total = float(mu.weights[rows] @ values @ nu.weights)",
            ),
        ],
    ),
    "wganlab/exact/ipm.py": (
        ("ipm",),
        [
            ("k.mean(nu, nu) - 2 * k.mean(mu, nu)", "k.mean(nu, nu) - k.mean(mu, nu)"),
            ("k.mean_itself(law)) / (law.n - 1)", "k.mean_itself(law)) / law.n"),
            (
                "directions /= np.linalg.norm(directions, axis=1, keepdims=True)",
                "directions /= 1.0",
            ),
            ("return float(np.sqrt(max(square, 0.0)))", "return float(max(square, 0.0))"),
            ("return np.sign(u - v)", "return np.sign(v - u)"),
            ("            right.sort(axis=1)\n", ""),
            ("return total / projections", "return total"),
        ],
    ),
    "wganlab/exact/grid.py": (
        ("grid",),
        [
            ("potential = (prices / steepest)", "potential = (-prices / steepest)"),
            ("if abs(value - bound) + lost > GAP_TOLERANCE * value:", "if value < 0:"),
            ("excess[np.abs(excess).argmax()] -= excess.sum()", "excess -= excess.mean()"),
            (
                "down=flow[across:].reshape(height - 1, width),",
                "down=-flow[across:].reshape(height - 1, width),",
            ),
        ],
    ),
    "wganlab/exact/programs.py": (
        ("programs",),
        [
            ('sign = 1 if self.sense == "min" else -1', "sign = 1"),
            (
                "return LinearProgram(u - v, matrix.tocsr(),",
                "return LinearProgram(v - u, matrix.tocsr(),",
            ),
            ("return mass * (cost - u[:, None] - v)", "return mass * (cost - u[:, None] + v)"),
            (
                "return Solved(sign * float(result.fun), result.x, sign * prices)",
                "return Solved(sign * float(result.fun), result.x, prices)",
            ),
            ("range(min(boxes, rooms[0]), -1, -1)", "range(min(boxes, rooms[0]), 0, -1)"),
        ],
    ),
    "wganlab/exact/measures.py": (
        ("measures", "transport"),
        [
            ("max(MASS_TOLERANCE, 8 * _resolution(values))", "1e-3"),
            ("return array if total == 1 else array / total", "return array"),
        ],
    ),
    "wganlab/exact/known/line.py": (
        ("known",),
        [
            (
                "1 - self._overlap * min(self._densities)",
                "1 - self._overlap * max(self._densities)",
            ),
            ("exp(-((m / s) ** 2) / 2)\n", "exp(-((m / s) ** 2))\n"),
            ("return _normal_kl(self.fake, self.real)", "return _normal_kl(self.real, self.fake)"),
            ("u >= 1 - self.fake", "u >= self.fake"),
            ("-self.fake * np.log1p(-u)", "-self.fake * np.log1p(-u) + self.real"),
        ],
    ),
    "wganlab/exact/known/radial.py": (
        ("known",),
        [
            (
                "_gaussian_kl(self.real / self.fake, self.dim)",
                "_gaussian_kl(self.fake / self.real, 1)",
            ),
            ("return self.dim / (self.dim + 1)", "return 1.0"),
            ("levels[:, None] ** (1 / self.dim)", "levels[:, None]"),
        ],
    ),
    "wganlab/exact/known/atoms.py": (
        ("known",),
        [
            ("cdist(z, self._atoms).min(axis=1)", "cdist(z, self._atoms).max(axis=1)"),
            ("return self.side * self.tv", "return self.tv"),
            ("2 * sin(pi / (2 * self.vertices))", "2 * sin(pi / self.vertices)"),
        ],
    ),
    "wganlab/exact/known/space.py": (
        ("known",),
        [
            ("return -np.sign(self.theta) * z[:, 0]", "return np.sign(self.theta) * z[:, 0]"),
            ("2 * ndtr(self._mahalanobis / 2) - 1", "2 * ndtr(self._mahalanobis) - 1"),
            ("np.asarray(self.fake) + ndtri(u) @ self._root.T", "np.asarray(self.fake) + ndtri(u)"),
        ],
    ),
}

MUTATIONS = {**EXACT}
