//! Named rows of colours.

use super::style::{GRID, INK, draw, named, plain, power_of_ten, text};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Powers of ten between white and the darkest colour.
const DECADES: f64 = 6.0;

/// Named rows of colours, dark for large: values by their decimal logarithm over six powers of ten below the largest.
/// `per_unit` columns make one unit of `x`.
pub fn heat_map(
    size: (u32, u32),
    rows: &[(String, Vec<f64>)],
    x: &str,
    per_unit: f64,
) -> crate::error::Result<String> {
    let columns = rows.iter().map(|(_, values)| values.len()).max().unwrap_or(1);
    let largest = rows.iter().flat_map(|(_, values)| values).copied().fold(f64::MIN_POSITIVE, f64::max);
    let (end, count) = (columns as f64 / per_unit, rows.len() as f64);
    let svg = draw(size, |area| {
        let (top, area) = area.split_vertically(30);
        scale(&top)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .margin_right(24)
            .x_label_area_size(48)
            .y_label_area_size(100)
            .build_cartesian_2d(0.0..end, 0.0..count)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .axis_style(INK)
            .label_style(text(16))
            .axis_desc_style(text(17))
            .x_desc(x)
            .x_labels(9)
            .x_label_formatter(&plain)
            .y_labels(0)
            .draw()?;
        for (row, (_, values)) in rows.iter().enumerate() {
            let top = count - row as f64;
            chart.draw_series(values.iter().enumerate().map(|(column, &value)| {
                let share = ((value / largest).log10() / DECADES + 1.0).clamp(0.0, 1.0);
                // Up to the end, for the next one to paint over: between two that only touch, paper would shine through.
                let corners = [(column as f64 / per_unit, top - 0.92), (end, top - 0.08)];
                Rectangle::new(corners, shade_of(share).filled())
            }))?;
        }
        // Straight edges, whatever was painted over what.
        chart.draw_series((0..=rows.len()).map(|row| {
            let gap = [(0.0, row as f64 - 0.1), (end, row as f64 + 0.1)];
            Rectangle::new(gap, WHITE.filled())
        }))?;
        let pixels = chart.plotting_area().get_pixel_range();
        let height = f64::from(pixels.1.end - pixels.1.start) / count;
        let above = area.get_pixel_range().1.start;
        for (row, (name, _)) in rows.iter().enumerate() {
            let y = f64::from(pixels.1.start - above) + (row as f64 + 0.5) * height;
            area.draw(&Text::new(name.clone(), (16, y as i32 - 8), text(16)))?;
        }
        Ok(())
    })?;
    let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    Ok(named(&svg, &format!("shades by {x}: {}", names.join(", "))))
}

/// What the colours mean.
fn scale(area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), Box<dyn std::error::Error>> {
    const STEPS: i32 = 48;
    const WIDTH: i32 = 4;
    let left = 170;
    area.draw(&Text::new(power_of_ten(&10f64.powf(-DECADES)), (left - 44, 12), text(16)))?;
    for step in 0..STEPS {
        let color = shade_of(f64::from(step) / f64::from(STEPS - 1));
        let corners = [(left + step * WIDTH, 12), (left + STEPS * WIDTH, 28)];
        area.draw(&Rectangle::new(corners, color.filled()))?;
    }
    area.draw(&Rectangle::new([(left, 12), (left + STEPS * WIDTH, 28)], GRID.stroke_width(1)))?;
    area.draw(&Text::new("of the largest", (left + STEPS * WIDTH + 10, 12), text(16)))?;
    Ok(())
}

/// From paper to ink, through blue.
fn shade_of(share: f64) -> RGBColor {
    const STOPS: [(f64, f64, f64); 4] =
        [(246.0, 247.0, 250.0), (168.0, 204.0, 222.0), (47.0, 111.0, 160.0), (16.0, 34.0, 74.0)];
    let place = share * (STOPS.len() - 1) as f64;
    let (from, to) = (STOPS[place as usize], STOPS[(place as usize + 1).min(STOPS.len() - 1)]);
    let blend = |a: f64, b: f64| (a + (b - a) * place.fract()) as u8;
    RGBColor(blend(from.0, to.0), blend(from.1, to.1), blend(from.2, to.2))
}
